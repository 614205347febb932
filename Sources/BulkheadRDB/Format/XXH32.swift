/// The checksum of LZ4's frames: xxHash of 32 bits, with the seed 0.
///
/// Source: the specification of xxHash; its check value for no bytes is `0x02cc5d05`.
struct XXH32 {
    private static let primes: [UInt32] = [2_654_435_761, 2_246_822_519, 3_266_489_917, 668_265_263, 374_761_393]
    /// Bytes of a stripe: four lanes of four.
    private static let stripe = 16

    private var lanes: [UInt32]
    private var count = 0
    private var rest: [UInt8] = []

    init() {
        let primes = Self.primes
        lanes = [primes[0] &+ primes[1], primes[1], 0, 0 &- primes[0]]
    }

    /// The checksum of `bytes` alone.
    static func of(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var sum = XXH32()
        sum.update(bytes)
        return sum.value
    }

    mutating func update(_ bytes: ArraySlice<UInt8>) {
        count += bytes.count
        var bytes = bytes
        if !rest.isEmpty {
            let missing = bytes.prefix(Self.stripe - rest.count)
            rest += missing
            bytes = bytes.dropFirst(missing.count)
            guard rest.count == Self.stripe else { return }
            take(stripes: rest[...])
            rest = []
        }
        let whole = bytes.count / Self.stripe * Self.stripe
        take(stripes: bytes.prefix(whole))
        rest = Array(bytes.dropFirst(whole))
    }

    private mutating func take(stripes bytes: ArraySlice<UInt8>) {
        let (first, second) = (Self.primes[0], Self.primes[1])
        bytes.withUnsafeBytes { bytes in
            var (a, b, c, d) = (lanes[0], lanes[1], lanes[2], lanes[3])
            func round(_ lane: UInt32, _ place: Int) -> UInt32 {
                let word = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
                return Self.rotated(lane &+ word &* second, 13) &* first
            }
            for place in stride(from: 0, to: bytes.count, by: Self.stripe) {
                (a, b, c, d) = (round(a, place), round(b, place + 4), round(c, place + 8), round(d, place + 12))
            }
            lanes = [a, b, c, d]
        }
    }

    private static func rotated(_ number: UInt32, _ bits: UInt32) -> UInt32 { number << bits | number >> (32 - bits) }

    /// The checksum of all bytes so far.
    var value: UInt32 {
        let primes = Self.primes
        var sum =
            count < Self.stripe
            ? primes[4]
            : Self.rotated(lanes[0], 1) &+ Self.rotated(lanes[1], 7) &+ Self.rotated(lanes[2], 12)
                &+ Self.rotated(lanes[3], 18)
        sum &+= UInt32(truncatingIfNeeded: count)
        var rest = rest[...]
        while rest.count >= 4 {
            let word = rest.prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            sum = Self.rotated(sum &+ word &* primes[2], 17) &* primes[3]
            rest = rest.dropFirst(4)
        }
        for byte in rest { sum = Self.rotated(sum &+ UInt32(byte) &* primes[4], 11) &* primes[0] }
        sum = (sum ^ sum >> 15) &* primes[1]
        sum = (sum ^ sum >> 13) &* primes[2]
        return sum ^ sum >> 16
    }
}
