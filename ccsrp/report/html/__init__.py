"""The report as one HTML file: page, styles and scripts lie beside this file."""
