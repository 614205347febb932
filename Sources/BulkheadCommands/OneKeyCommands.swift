/// The commands whose only key stands behind their name: most of those that programs send.
///
/// A cluster asks for the slot of everything that is sent. Of these it is found without a string, a list or a look into
/// the table of commands.
struct OneKeyCommands: Sendable {
    /// A name of up to 16 bytes in upper case, as a number in two halves; zero is none.
    private struct Name: Sendable, Hashable {
        var first: UInt64 = 0
        var second: UInt64 = 0

        /// Bytes that are not letters are changed too: what has the name of no command is sent to its key's slot as
        /// well, and refused there.
        @inline(__always)
        init?(_ bytes: UnsafeRawBufferPointer) {
            guard bytes.count <= 16 else { return nil }
            for byte in bytes {
                second = second << 8 | first >> 56
                first = first << 8 | UInt64(byte & 0xdf)
            }
        }

        init() {}
    }

    /// A power of two, and more than twice as many as there are names: a look ends soon.
    private var places: [Name]

    init(_ names: [String]) {
        let names = names.compactMap { name in Array(name.utf8).withUnsafeBytes { Name($0) } }
        var count = 1
        while count < 2 * names.count + 1 { count *= 2 }
        places = Array(repeating: Name(), count: count)
        for name in names { places[place(of: name)] = name }
    }

    func contains(_ name: UnsafeRawBufferPointer) -> Bool {
        guard let name = Name(name), name != Name() else { return false }
        return places[place(of: name)] == name
    }

    /// Where the name stands, or would.
    private func place(of name: Name) -> Int {
        // The upper half of the product depends on all bytes.
        let product = (name.first ^ (name.second &* 31)) &* 0x9e37_79b9_7f4a_7c15
        var place = Int(truncatingIfNeeded: product >> 32) & (places.count - 1)
        while places[place] != name, places[place] != Name() { place = (place + 1) & (places.count - 1) }
        return place
    }
}

extension HashSlot {
    /// The slot of a command's only key, if the command is one of ``OneKeyCommands``; nil of any other.
    package init?(ofOneKeyIn command: UnsafeRawBufferPointer) {
        var words = EncodedWords(command)
        guard words.count >= 2, let name = words.next(), CommandTable.oneKeyCommands.contains(name),
            let key = words.next()
        else { return nil }
        self.init(ofKey: key)
    }
}

/// The words of an encoded command, in place.
private struct EncodedWords {
    private let command: UnsafeRawBufferPointer
    private var position = 0
    /// How many there are.
    private(set) var count = 0

    init(_ command: UnsafeRawBufferPointer) {
        self.command = command
        count = length(behind: UInt8(ascii: "*")) ?? 0
    }

    @inline(__always)
    mutating func next() -> UnsafeRawBufferPointer? {
        guard let length = length(behind: UInt8(ascii: "$")), command.count - position >= length + 2 else { return nil }
        defer { position += length + 2 }
        return UnsafeRawBufferPointer(rebasing: command[position..<(position + length)])
    }

    @inline(__always)
    private mutating func length(behind mark: UInt8) -> Int? {
        guard position < command.count, command[position] == mark else { return nil }
        position += 1
        var length = 0
        while position < command.count, command[position] != UInt8(ascii: "\r") {
            length = length &* 10 &+ Int(command[position] &- UInt8(ascii: "0"))
            position += 1
        }
        position += 2
        return length
    }
}
