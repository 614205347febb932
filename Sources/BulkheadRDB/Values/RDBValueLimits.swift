/// What decoding a value may use, so that no bytes can exhaust memory.
///
/// | Limit | Default | Reason |
/// |---|---|---|
/// | ``stringBytes`` | 512 MiB | the servers' own `proto-max-bulk-len` |
/// | ``valueBytes`` | 8 GiB | above what one key sensibly holds, below what a machine has |
///
/// Whatever the limits, a value never takes more than its bytes can say: a compressed string grows at most 88 times
/// (``LZF``), and what is packed costs ``elementBytes`` an element, of which two bytes may hold one.
package struct RDBValueLimits: Sendable, Hashable {
    /// Bytes of one string, or of one packed group of elements, after decompression.
    package var stringBytes: Int
    /// Bytes of all strings of one value, decompressed groups included, and ``elementBytes`` for each string.
    package var valueBytes: Int

    package init(stringBytes: Int = 512 << 20, valueBytes: Int = 8 << 30) {
        self.stringBytes = stringBytes
        self.valueBytes = valueBytes
    }

    /// What a string costs beside its bytes: an array's header and its place in another one.
    package static let elementBytes = 64
}
