/// What is sent of a command: its bytes, and their way through the client.
@usableFromInline
package struct EncodedCommand: Sendable {
    /// The whole command in RESP.
    @usableFromInline package let bytes: [UInt8]
    /// Its way through the client.
    @usableFromInline package let route: CommandRoute

    @usableFromInline
    package init(bytes: [UInt8], route: CommandRoute) {
        self.bytes = bytes
        self.route = route
    }

    /// The command's word where it is one of Redis's own, else `OTHER`: a metric's label comes from a bounded set.
    package var label: String {
        let name = name
        return CommandTable.knows(name) ? name : "OTHER"
    }

    /// The command's word in upper case; read from the bytes when an error or a lease asks for it, so that no command
    /// carries it along.
    package var name: String {
        var arguments = EncodedArguments(bytes)
        let word = arguments.next().map { String(decoding: $0, as: UTF8.self) } ?? ""
        // A whole command line in one string is refused; what stands behind its first word may be a password.
        return word.prefix { !$0.isWhitespace }.uppercased()
    }
}

extension EncodedCommand {
    /// The label of all commands of a batch; nil where they differ. One pass over the lengths, to the first that does.
    package static func commonLabel(of batch: [UInt8]) -> String? {
        var ranges = EncodedCommandRanges(batch)
        var first: (command: Range<Int>, word: Range<Int>)?
        while let next = ranges.next() {
            if let first {
                guard batch[first.word].elementsEqual(batch[next.word]) else { return nil }
            } else {
                first = next
            }
        }
        guard let first else { return nil }
        return EncodedCommand(encoded: Array(batch[first.command.lowerBound..<first.word.upperBound])).label
    }
}

/// Where in an encoded batch each command is, and its first word. Reads nothing but the lengths.
struct EncodedCommandRanges: Sequence, IteratorProtocol {
    private let batch: [UInt8]
    private var position = 0

    init(_ batch: [UInt8]) { self.batch = batch }

    mutating func next() -> (command: Range<Int>, word: Range<Int>)? {
        guard position < batch.count else { return nil }
        let start = position
        var word = start..<start
        for index in 0..<number() {
            let length = number()
            if index == 0 { word = position..<(position + length) }
            position += length + 2
        }
        return (start..<position, word)
    }

    /// Behind the marker at `position`; moves behind the end of its line.
    private mutating func number() -> Int {
        position += 1
        var number = 0
        while batch[position] != UInt8(ascii: "\r") {
            number = number * 10 + Int(batch[position] - UInt8(ascii: "0"))
            position += 1
        }
        position += 2
        return number
    }
}

/// The arguments of an encoded command, its name the first, read back by their lengths.
struct EncodedArguments: Sequence, IteratorProtocol {
    fileprivate var rest: ArraySlice<UInt8>

    init(_ command: [UInt8]) { self.init(command[...]) }

    fileprivate init(_ command: ArraySlice<UInt8>) {
        rest = command.drop { $0 != UInt8(ascii: "$") }
    }

    mutating func next() -> ArraySlice<UInt8>? {
        guard rest.popFirst() == UInt8(ascii: "$") else { return nil }
        let digits = rest.prefix { $0 != UInt8(ascii: "\r") }
        let length = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        let argument = rest.dropFirst(digits.count + 2).prefix(length)
        rest = rest.dropFirst(digits.count + 2 + length + 2)
        return argument
    }
}

/// The commands of an encoded batch, each as its arguments.
package struct EncodedCommands: IteratorProtocol {
    private var rest: ArraySlice<UInt8>

    package init(_ batch: [UInt8]) { rest = batch[...] }

    package mutating func next() -> [ArraySlice<UInt8>]? {
        guard rest.popFirst() == UInt8(ascii: "*") else { return nil }
        let count = rest.prefix { $0 != UInt8(ascii: "\r") }.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        var arguments = EncodedArguments(rest)
        defer { rest = arguments.rest }
        return (0..<count).compactMap { _ in arguments.next() }
    }
}
