/// How much a backup holds, to compare it with another one.
struct BackupWorth: Sendable, Hashable {
    let keys: Int
    /// Bytes of its file.
    let bytes: Int

    init(_ manifest: BackupManifest) {
        keys = manifest.keys
        bytes = manifest.content.bytes
    }

    init(keys: Int, bytes: Int) {
        self.keys = keys
        self.bytes = bytes
    }

    /// More than twice the keys, or more than twice the bytes: such a backup does not go for the other one unasked.
    func isMuchMore(than other: BackupWorth) -> Bool {
        other.keys < half(keys) || other.bytes < half(bytes)
    }

    /// Rounded up.
    private func half(_ number: Int) -> Int { number / 2 + number % 2 }
}
