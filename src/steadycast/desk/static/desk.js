// What pages do besides: countdowns.
