"""Random bits that the tests in Swift make from the same seed."""

MASK = (1 << 64) - 1


class SharedBits:
    """Bits of SplitMix64, the most significant bit of each word first."""

    def __init__(self, seed):
        self.state = seed
        self.pending = ""

    def word(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        mixed = self.state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        return mixed ^ (mixed >> 31)

    def take(self, count):
        while len(self.pending) < count:
            self.pending += format(self.word(), "064b")
        taken, self.pending = self.pending[:count], self.pending[count:]
        return int(taken or "0", 2)

    def randrange(self, bound):
        """As `random.Random` names it, so that the published sampler can draw from here."""
        while True:
            drawn = self.take((bound - 1).bit_length())
            if drawn < bound:
                return drawn
