"""A storm over the delivery protocol: real workers that die and freeze, a real far side that misbehaves, and a judge.

python -m storm                        # 1,000 kills, every class; the table, then the seed (make storm)
python -m storm --kills 10000 --seed 7 --classes blind
python -m storm points                 # every crash point, each class, first send to recovery of recovery
python -m storm mutants                # the protocol broken in one place at a time: each must be caught (make mutants)

`weather` runs it, `far_side` is the other side of the socket, `worker` runs the real delivery package on the real
ledger, and `checker` alone judges, by the logs that both sides kept.
"""
