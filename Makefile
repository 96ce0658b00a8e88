# `make help` lists the targets. Every target that needs Python makes .venv first.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
bin := .venv/bin
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Where it is set, Python compiles the same files anew for every task of a play: twice the time.
unexport PYTHONDONTWRITEBYTECODE
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg

.DEFAULT_GOAL := help

.PHONY: help setup demo up down test check bench lock

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | while IFS=$$'\t' read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done

setup: ## Make .venv from the locked requirements
	@scripts/setup.sh

demo: setup ## Release the reference system on the local cloud: v1, again, and a broken v2
	@$(bin)/python demo/demo.py

up: setup ## Start the local cloud and leave it running
	@$(bin)/ansible-playbook --inventory localhost, playbooks/local_cloud.yml

down: setup ## Stop and remove everything the local cloud started
	@$(bin)/ansible-playbook --inventory localhost, playbooks/local_cloud.yml -e local_cloud_state=absent

check: setup ## Lint and unit tests, in a few minutes
	@$(bin)/python tests/gates/run.py --group check

test: setup ## Everything, with one summary
	@$(bin)/python tests/gates/run.py

bench: setup ## Measure reading Pulumi stacks, and shipping to ECS, each beside other tools (an hour and more)
	@$(bin)/python tests/gates/steps/pulumi_cli.py $(bin)/python tests/bench/bench_pulumi.py
	@$(bin)/python tests/bench/ecs

lock: setup ## Resolve the requirements again and write the hash-locked files
	@scripts/lock.sh
