#!/usr/bin/env bash
# Make the base weights that ship in problems/weights, and say their SHA-256 for the problem classes.
# Takes half a minute for digits and half an hour for Fashion-MNIST on 2 cores; goes on where it was interrupted.
set -euo pipefail
cd "$(dirname "$0")/../.."
ccsrp=${CCSRP:-.venv/bin/ccsrp}
out=${1:-runs/base-weights}

train() { # problem, then options
  local folder=$out/$1 resume=()
  [ -f "$folder/checkpoint.safetensors" ] && resume=(--resume)
  "$ccsrp" train "$@" --out "$folder" --method pgd-at --attack sharp "${resume[@]}"
  cp "$folder/weights.safetensors" "problems/weights/$1.safetensors"
  cp "$folder/curve.csv" "experiments/base_weights/$1.csv"
}

train digits --epochs 30 --batch-size 64 --steps 7
train fashion-mnist --epochs 20 --steps 5
sha256sum problems/weights/*.safetensors
