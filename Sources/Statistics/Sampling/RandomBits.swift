/// A source of random bits that are independent and fair.
///
/// The bits are those of the generator's words, the most significant bit of each word first. A hub gives
/// the generator of the system, which nobody can predict; a test gives one with a seed.
package struct RandomBits<Generator: RandomNumberGenerator> {
    private var generator: Generator
    private var word: UInt64 = 0
    private var bitsLeft = 0

    package init(_ generator: Generator) { self.generator = generator }

    /// The next bits, at most 128, as an integer whose most significant bit came first.
    package mutating func next(_ count: Int) -> UInt128 {
        var (value, missing) = (UInt128(0), count)
        while missing > 0 {
            if bitsLeft == 0 { (word, bitsLeft) = (generator.next(), UInt64.bitWidth) }
            let taken = min(missing, bitsLeft)
            bitsLeft -= taken
            value = value << taken | UInt128(word >> bitsLeft & (.max >> (64 - taken)))
            missing -= taken
        }
        return value
    }

    /// An integer from 0 to below `bound`, each as likely as the others.
    ///
    /// It draws as many bits as the largest of them has, again until they make an integer below `bound`.
    mutating func integer(below bound: UInt128) -> UInt128 {
        let count = UInt128.bitWidth - (bound - 1).leadingZeroBitCount
        while true {
            let drawn = next(count)
            if drawn < bound { return drawn }
        }
    }
}
