"""What OpenDP says of noise: the loss that it keeps, and samples of it.

    opendp_peer.py REQUEST...

Each request gives one line:

    laplace-loss:SCALE:CHANGE          ε for a sum of changes of so much
    gaussian-loss:SIGMA:CHANGE         ρ for a Euclidean length of changes of so much
    approximate:SIGMA:CHANGE:DELTA     the ε that ρ gives for δ
    laplace:SCALE:COUNT                samples
    gaussian:SIGMA:COUNT               samples
"""

import sys

import opendp.prelude as dp

dp.enable_features("contrib")
integers = dp.vector_domain(dp.atom_domain(T=int))


def laplace(scale):
    return dp.m.make_laplace(integers, dp.l1_distance(T=int), scale=scale)


def gaussian(sigma):
    return dp.m.make_gaussian(integers, dp.l2_distance(T=float), scale=sigma)


def answer(kind, scale, *rest):
    if kind == "laplace-loss":
        return [laplace(scale).map(int(rest[0]))]
    if kind == "gaussian-loss":
        return [gaussian(scale).map(float(rest[0]))]
    if kind == "approximate":
        change, delta = map(float, rest)
        return [dp.c.make_zCDP_to_approxDP(gaussian(scale)).map(change).epsilon(delta)]
    mechanism = {"laplace": laplace, "gaussian": gaussian}[kind](scale)
    return mechanism([0] * int(rest[0]))


for request in sys.argv[1:]:
    kind, scale, *rest = request.split(":")
    print(*answer(kind, float(scale), *rest))
