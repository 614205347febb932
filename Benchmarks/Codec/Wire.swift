import BulkheadRESP

/// Whole replies as a server sends them, at an address of their own.
///
/// 256 KiB of them, but at least one and at most `limit`: a round reads them again and again, and they stay in the
/// cache.
struct Wire {
    /// Never freed, as the program ends with it; never written again.
    let bytes: UnsafeMutableRawBufferPointer
    let replies: Int

    init(of kind: Kind, valueSize: Int, limit: Int) {
        var encoder = RESPEncoder()
        var replies = 0
        repeat {
            encoder.value(kind.value(number: replies, size: valueSize))
            replies += 1
        } while replies < limit && encoder.bytes.count < 256 << 10
        bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: encoder.bytes.count, alignment: 64)
        bytes.copyBytes(from: encoder.bytes)
        self.replies = replies
    }
}
