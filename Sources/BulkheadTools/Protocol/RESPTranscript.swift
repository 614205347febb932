package import BulkheadRESP

/// Turns protocol bytes into lines of JSON, one a reply: feed bytes in any split, take lines, repeat.
///
/// ```swift
/// var transcript = RESPTranscript()
/// var lines: [UInt8] = []
/// transcript.feed("+OK\r\n:12".utf8)
/// transcript.writeLines(to: &lines)      // .needsInput; lines: {"t":"simple","v":"OK"}
/// transcript.finish()
/// transcript.writeLines(to: &lines)      // .ended(.incomplete); one more line: {"t":"incomplete"}
/// ```
///
/// The lines never depend on how the bytes were split. It does no I/O; memory holds the open reply and no line,
/// because a long line is written in pieces.
package struct RESPTranscript: ~Copyable, Sendable {
    /// How the input ended.
    package enum Ending: Sendable, Hashable {
        /// Behind a whole reply.
        case complete
        /// Inside a reply.
        case incomplete
        /// At bytes that are not RESP; nothing behind them was read.
        case violation(RESPViolation)
    }

    /// Why ``writeLines(to:upTo:)`` stopped.
    package enum Progress: Sendable, Hashable {
        /// There is more to write: empty the output and call again.
        case outputFull
        /// All whole replies are written: feed or finish.
        case needsInput
        /// All is written, the line about the ending included.
        case ended(Ending)
    }

    private var decoder: RESPDecoder
    private var writer = TaggedJSONWriter()
    private var inputHasEnded = false
    private var ending: Ending?

    /// By default it reads as deep as a decoder may: it shows what somebody sent, and its writer takes no stack for it.
    package init(limits: RESPLimits = RESPLimits(depth: 1_024)) {
        decoder = RESPDecoder(limits: limits)
    }

    /// Appends a copy of `bytes` to the input.
    package mutating func feed(_ bytes: some Collection<UInt8>) {
        decoder.feed(bytes)
    }

    /// Says that no more bytes will come.
    package mutating func finish() {
        inputHasEnded = true
    }

    /// Appends lines to `output` until it holds about `limit` bytes, or until there is nothing to write.
    ///
    /// One line of the protocol (at most ``RESPLimits/lineBytes``, escaped) may pass the limit. On a violation, and
    /// on input that ends inside a reply, the last line says so.
    @discardableResult
    package mutating func writeLines(to output: inout [UInt8], upTo limit: Int = 64 << 10) -> Progress {
        while true {
            if !writer.isIdle {
                writer.write(to: &output, upTo: limit)
                guard writer.isIdle else { return .outputFull }
                output.append(UInt8(ascii: "\n"))
            }
            guard output.count < limit else { return .outputFull }
            if let ending { return .ended(ending) }
            do {
                if let reply = try decoder.next() {
                    writer.begin(reply)
                } else if inputHasEnded {
                    ending = decoder.isBetweenReplies ? .complete : .incomplete
                    if ending == .incomplete { output.append(text: #"{"t":"incomplete"}"# + "\n") }
                } else {
                    return .needsInput
                }
            } catch {
                ending = .violation(error)
                Self.write(error, to: &output)
            }
        }
    }

    private static func write(_ violation: RESPViolation, to output: inout [UInt8]) {
        output.append(text: #"{"t":"violation","kind":"#)
        output.append(jsonString: violation.kind.name.utf8)
        output.append(text: #","offset":\#(violation.offset),"message":"#)
        output.append(jsonString: violation.message.utf8)
        output.append(text: "}\n")
    }
}
