"""Samples of exact distributions from a seed, by a plain reference or by the published program.

    exact_sampler.py [--published discretegauss.py] KIND:FRACTION:SEED:COUNT...

KIND is hit, laplace or gaussian. Each request gives one line: the request, the samples, and the 64 bits
that come next, which are equal only if as many were drawn.

With --published it runs the authors' program,
https://github.com/IBM/discrete-gaussian-differential-privacy, and so made published-sampler.txt.
"""

import importlib.util
import sys
import types
from fractions import Fraction
from itertools import count
from math import isqrt

from shared_bits import SharedBits


class Reference:
    """Canonne, Kamath and Steinke (2020), in the order in which the authors draw."""

    def __init__(self, bits):
        self.bits = bits

    def bernoulli(self, chance):
        return self.bits.randrange(chance.denominator) < chance.numerator

    def hit(self, gamma):
        wholes = max(0, -(-gamma.numerator // gamma.denominator) - 1)
        return all(self.short_hit(Fraction(1)) for _ in range(wholes)) and self.short_hit(
            gamma - wholes
        )

    def short_hit(self, gamma):
        failed = next(k for k in count(1) if not self.bernoulli(gamma / k))
        return failed % 2 == 1

    def geometric(self, scale):
        unit = scale.numerator
        low = next(u for u in iter(lambda: self.bits.randrange(unit), None)
                   if self.hit(Fraction(u, unit)))
        high = next(k for k in count() if not self.hit(Fraction(1)))
        return (high * unit + low) // scale.denominator

    def laplace(self, scale):
        while True:
            negative = self.bernoulli(Fraction(1, 2))
            magnitude = self.geometric(scale)
            if magnitude or not negative:
                return -magnitude if negative else magnitude

    def gaussian(self, variance):
        scale = isqrt(variance.numerator // variance.denominator) + 1
        while True:
            candidate = self.laplace(Fraction(scale))
            if self.hit((abs(candidate) - variance / scale) ** 2 / (2 * variance)):
                return candidate


def published(path):
    """The functions of the authors' program; what it draws pictures with is not needed."""
    for name in ("matplotlib", "matplotlib.pyplot"):
        sys.modules[name] = types.ModuleType(name)
    spec = importlib.util.spec_from_file_location("published", path)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    return lambda bits: {
        "hit": lambda gamma: program.sample_bernoulli_exp(gamma, bits),
        "laplace": lambda scale: program.sample_dlaplace(scale, bits),
        "gaussian": lambda variance: program.sample_dgauss(variance, bits),
    }


def reference(bits):
    sampler = Reference(bits)
    return {"hit": sampler.hit, "laplace": sampler.laplace, "gaussian": sampler.gaussian}


def main(requests):
    samplers = reference
    if requests[0] == "--published":
        samplers, requests = published(requests[1]), requests[2:]
    for request in requests:
        kind, fraction, seed, number = request.split(":")
        bits = SharedBits(int(seed))
        draw = samplers(bits)[kind]
        samples = [int(draw(Fraction(fraction))) for _ in range(int(number))]
        print(request, *samples, bits.take(64))


main(sys.argv[1:])
