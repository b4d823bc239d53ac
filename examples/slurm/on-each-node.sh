#!/bin/bash
# Adds the machine's number to accelerate's command, which is else the same on every machine. Number 0 is the first
# machine of the job, where the run's process waits for the training's first process.
command=()
for word in "$@"; do
    command+=("$word")
    if [[ $word == accelerate.commands.launch ]]; then
        command+=(--machine_rank "$SLURM_NODEID")
    fi
done
exec "${command[@]}"
