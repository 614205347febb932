import BulkheadRDB

/// The bytes of a snapshot in a file or a pipe: decompressed if Valkey compressed it, and what else it could be called
/// by its name.
///
/// ```swift
/// while let bytes = try source.next() { reader.feed(bytes) … }
/// ```
/// What is lent stays until the next call. Memory is a block of 1 MiB, and of a compressed file one of its blocks, 4
/// MiB at most, and what it was made from.
struct SnapshotSource: ~Copyable {
    /// Bytes of one read: large enough that reading costs nothing beside what is done with them.
    private static let blockBytes = 1 << 20

    private let descriptor: Descriptor
    private let block: UnsafeMutableRawBufferPointer
    private var hasBegun = false
    private var frame: LZ4Frame?
    /// What a frame gave last, lent to the caller.
    private var lent: UnsafeMutableRawBufferPointer?

    init(_ descriptor: Descriptor) {
        self.descriptor = descriptor
        block = .allocate(byteCount: Self.blockBytes, alignment: 16)
    }

    deinit {
        block.deallocate()
        lent?.deallocate()
    }

    /// The next bytes; nil at the end.
    ///
    /// Throws a violation for what is no snapshot, by its name where it has one; exit code 74 if reading fails.
    mutating func next() throws -> UnsafeRawBufferPointer? {
        if frame != nil { return try nextOfFrame() }
        var count = try descriptor.readBlock(into: block)
        if !hasBegun {
            // A pipe may give its first bytes one by one.
            while count > 0, count < SnapshotBeginning.bytes {
                let more = try descriptor.readBlock(into: UnsafeMutableRawBufferPointer(rebasing: block[count...]))
                if more == 0 { break }
                count += more
            }
            hasBegun = true
            let bytes = UnsafeRawBufferPointer(rebasing: block[..<count])
            if try SnapshotBeginning.isCompressed(bytes) {
                frame = LZ4Frame()
                frame?.feed(UnsafeRawBufferPointer(rebasing: bytes[SnapshotBeginning.bytesOfEnvelope...]))
                return try nextOfFrame()
            }
        }
        return count == 0 ? nil : UnsafeRawBufferPointer(rebasing: block[..<count])
    }

    private mutating func nextOfFrame() throws -> UnsafeRawBufferPointer? {
        while true {
            if let bytes = try frame?.next() {
                guard !bytes.isEmpty else { continue }
                lent?.deallocate()
                let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
                copy.copyBytes(from: bytes)
                lent = copy
                return UnsafeRawBufferPointer(copy)
            }
            // What follows a frame belongs to no snapshot, as servers have it.
            if frame?.hasEnded == true { return nil }
            let count = try descriptor.readBlock(into: block)
            if count == 0 {
                try frame?.finish()
                return nil
            }
            frame?.feed(UnsafeRawBufferPointer(rebasing: block[..<count]))
        }
    }
}

/// What the first bytes of a file say that it is.
enum SnapshotBeginning {
    /// As many as are looked at.
    static let bytes = 9
    /// Valkey's around a compressed snapshot: `VCS`, 1, the codec, 0, what is inside.
    static let bytesOfEnvelope = 7

    /// True for a snapshot of Valkey in LZ4, false for a plain one and for what nothing is known of.
    static func isCompressed(_ bytes: UnsafeRawBufferPointer) throws(RDBViolation) -> Bool {
        if let name = name(of: bytes) { throw RDBViolation(.notASnapshot, at: 0, name) }
        guard bytes.starts(with: Array("VCS".utf8)) else { return false }
        guard bytes.count >= bytesOfEnvelope else {
            throw RDBViolation(
                .truncated, at: bytes.count, "a compressed snapshot of Valkey that ends inside its header")
        }
        guard bytes[3] == 1, bytes[5] == 0, bytes[6] == 1 else {
            throw RDBViolation(
                .unknownVersion, at: 3, "it is compressed by Valkey in a format newer than this program knows")
        }
        guard bytes[4] == 1 else {
            throw RDBViolation(
                .unknownType, at: 4,
                "it is compressed by Valkey with codec \(bytes[4]), and only LZ4 (1) is read, not Zstandard or "
                    + "another; "
                    + "let the server save it again after CONFIG SET rdbcompression yes")
        }
        return true
    }

    /// What other things are called, and what to do about them.
    private static func name(of bytes: UnsafeRawBufferPointer) -> String? {
        func begins(_ text: String) -> Bool { bytes.starts(with: Array(text.utf8)) }
        func digit(at place: Int) -> Bool { bytes.count > place && (0x30...0x39).contains(bytes[place]) }
        if begins("*"), digit(at: 1) {
            return "it is an append-only file, the log of a server's commands. \(loadIt)"
        }
        if begins("file ") {
            return "it is the manifest of an append-only file in several parts, which stand beside it; the one that "
                + "ends in base.rdb is a snapshot, without the commands of the others. \(loadIt)"
        }
        if begins("$EOF:") || begins("$") && digit(at: 1) {
            return "it is a replication stream as a server sends it; the snapshot begins behind its first line"
        }
        for (magic, name, tool) in packed where bytes.starts(with: magic) {
            return "it is compressed with \(name): unpack it with \(tool) first"
        }
        guard let first = bytes.first, !beginnings.contains(where: { $0.utf8.first == first }) else { return nil }
        let sign = (0x21...0x7e).contains(first) ? " (it begins with `\(UnicodeScalar(first))`)" : ""
        return "it is no RDB file\(sign); give a dump.rdb"
    }

    /// How snapshots begin.
    private static let beginnings = ["REDIS", "VALKEY", "VCS"]

    /// What is to be done with an append-only file.
    static let loadIt =
        "Let a server load it (redis-server --appendonly yes, with its folder as --dir), and back that server up"

    private static let packed: [(magic: [UInt8], name: String, tool: String)] = [
        ([0x1f, 0x8b], "gzip", "gunzip"), ([0x28, 0xb5, 0x2f, 0xfd], "Zstandard", "unzstd"),
        ([0x04, 0x22, 0x4d, 0x18], "LZ4", "unlz4"), ([0xfd, 0x37, 0x7a, 0x58, 0x5a], "xz", "unxz"),
        ([0x42, 0x5a, 0x68], "bzip2", "bunzip2"), ([0x50, 0x4b, 0x03, 0x04], "zip", "unzip"),
    ]
}

/// What stands behind the end of a snapshot: a pure machine.
///
/// A file that was taken from a replication may end in the mark that its server ended it with, or a line break, and
/// every server loads it; anything else is more than a snapshot.
struct SnapshotTail {
    private var bytes: [UInt8] = []

    /// The mark, a line break of two bytes, and one more to see that there are too many.
    private static let most = 43
    private static let markBytes = 40

    mutating func take(_ more: UnsafeRawBufferPointer) { bytes += more.prefix(Self.most - bytes.count) }

    /// Throws for what does not belong there; `offset` is where the snapshot ended.
    func check(at offset: Int) throws(RDBViolation) {
        var content = bytes[...]
        if content.last == UInt8(ascii: "\n") { content = content.dropLast() }
        if content.last == UInt8(ascii: "\r") { content = content.dropLast() }
        let isMark = content.count == Self.markBytes && content.allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
        if content.isEmpty || isMark { return }
        if content.first == UInt8(ascii: "*"), content.dropFirst().first.map({ (0x30...0x39).contains($0) }) == true {
            throw RDBViolation(
                .notASnapshot, at: offset,
                "it is an append-only file: a snapshot, and behind it the commands since then, which are not read. "
                    + SnapshotBeginning.loadIt)
        }
        throw RDBViolation(.malformed, at: offset, "bytes follow the end of the snapshot")
    }
}
