"""Under which licences data sets are, as far as their own pages say so."""

from __future__ import annotations

__all__ = ["DATA_LICENCES"]

# Where each was read. What is not written there is not claimed here.
# digits      https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits, whose test
#             part scikit-learn copies; the licence is that of the repository,
#             https://archive-beta.ics.uci.edu/donation
# fashion     https://github.com/zalandoresearch/fashion-mnist, file LICENSE
# cifar10     https://www.cs.toronto.edu/~kriz/cifar.html asks to cite a report, and names no licence
# svhn        http://ufldl.stanford.edu/housenumbers/, beside the downloads
# nmnist      https://www.garrickorchard.com/datasets/n-mnist
# cifar10-dvs https://figshare.com/articles/dataset/CIFAR10-DVS_New/4724671 could not be read, and the paper
#             that describes it, doi 10.3389/fnins.2017.00309, names no licence in what could be
# dvs128      https://research.ibm.com/interactive/dvsgesture/
DATA_LICENCES = {
    "digits": (
        "Optical Recognition of Handwritten Digits (E. Alpaydin, C. Kaynak; UCI, doi 10.24432/C50P49), "
        "CC BY 4.0, as UCI's repository distributes it"
    ),
    "fashion-mnist": "Fashion-MNIST (github.com/zalandoresearch/fashion-mnist), MIT",
    "cifar10": "CIFAR-10 (www.cs.toronto.edu/~kriz/cifar.html), no licence stated by its authors; ask them",
    "svhn": "SVHN (ufldl.stanford.edu/housenumbers), for non-commercial use only",
    "nmnist": "N-MNIST (www.garrickorchard.com/datasets/n-mnist), CC BY-SA 4.0",
    "cifar10-dvs": (
        "CIFAR10-DVS (doi 10.3389/fnins.2017.00309), licence not known here: see where it is published, "
        "or ask its authors; it is made from CIFAR-10, whose authors state none"
    ),
    "dvs128-gesture": "DVS128 Gesture (research.ibm.com/interactive/dvsgesture), CC BY 4.0",
}
