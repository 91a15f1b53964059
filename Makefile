# Run `make` to see what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
WITH_ENV := set -a; if [ -f .env ]; then . ./.env; fi; set +a;
export PYTHONPATH := $(CURDIR)
export RASA_TELEMETRY_ENABLED := false
export SQLALCHEMY_SILENCE_UBER_WARNING := 1

.PHONY: help run audit test keys console-user referrals text train evaluate evaluate-peer lint bench shots validate requirements setup setup-dev setup-peer clean docs faults soak

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

run: setup ## Set everything up, train if needed, and run the assistant until Ctrl-C
	@$(WITH_ENV) $(PY) -m launcher.train && exec $(PY) -m launcher

test: setup-dev ## Set up what the tests need, and run them all
	@scripts/test.sh

train: setup ## Train the model, if what it is made from has changed
	@$(PY) -m launcher.train

keys: setup ## Make a pair of keys for referrals, or a new pair beside the old ones
	@$(WITH_ENV) $(PY) scripts/keys.py

console-user: setup ## A one-time link into the console for a manager, or, with DO="link NAME", for somebody who lost their way in
	@$(WITH_ENV) $(PY) scripts/console_user.py $(DO)

referrals: setup ## List, open, acknowledge or close referrals: make referrals DO="open ID"
	@$(WITH_ENV) $(PY) scripts/referrals.py $(DO)

text: setup ## Talk to the running assistant as a phone would, signed like Twilio
	@$(WITH_ENV) $(PY) scripts/text.py

evaluate: setup train ## Score understanding: on the project's own held-out set, or SET=file.csv [PREDICTIONS=out.csv]
	@$(PY) scripts/evaluate.py $(if $(SET),--set '$(SET)') $(if $(PREDICTIONS),--predictions '$(PREDICTIONS)')

evaluate-peer: setup setup-peer ## Score understanding beside Rasa's default pipeline, trained on the same data (takes hours): [SET=file.csv] [REUSE=1] [EPOCHS=10]
	@$(PY) scripts/evaluate_peer.py $(if $(SET),--set '$(SET)') $(if $(REUSE),--reuse) $(if $(EPOCHS),--epochs '$(EPOCHS)')

validate: setup ## Let Rasa check domain, data and rules
	@$(PY) scripts/validate.py

lint: setup-dev ## Check style, types and the import rules
	@.venv/bin/ruff check . && .venv/bin/mypy

audit: setup ## Ask the public database of known holes about every pinned package
	@$(PY) scripts/audit.py

bench: setup-dev train $(if $(filter no,$(PEER)),,setup-peer) ## Measure speed and memory beside Rasa's default project, into var/bench.json: [QUICK=1] [REUSE=1] [PEER=no]
	@scripts/setup-programs.sh postgresql redis-server
	@$(PY) scripts/bench.py

faults: setup-dev train ## Break the running product in every known way, and write docs/reliability.md: [ONLY=name,name]
	@scripts/setup-programs.sh postgresql redis-server nginx-light faketime
	@$(PY) -m scripts.faults $(if $(ONLY),--only '$(ONLY)')

soak: setup-dev train ## Find the highest load and hold seven tenths of it, and write docs/reliability.md: [MINUTES=30]
	@scripts/setup-programs.sh postgresql redis-server nginx-light
	@$(PY) scripts/soak.py $(if $(MINUTES),--minutes '$(MINUTES)')

shots: setup-dev train ## Take the screenshots in docs/screenshots
	@scripts/shots.sh

docs: setup ## Write the tables in README and docs that are made from the product itself
	@$(PY) scripts/make_docs.py

requirements: ## Compile requirements.in and requirements-dev.in, with every version and hash pinned
	@scripts/compile-requirements.sh

setup: ## Make .venv with what the product needs
	@scripts/setup.sh

setup-dev: ## Make .venv with what the tests and checks need as well
	@scripts/setup.sh dev

setup-peer: ## Make .peer/venv: Rasa as it comes, with TensorFlow (2.5 GB), for comparisons alone
	@scripts/setup-peer.sh

clean: ## Remove what was built, but not var/, where the data is
	@rm -rf .venv .tools .peer models .rasa
