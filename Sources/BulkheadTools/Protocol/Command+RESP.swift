extension Command {
    /// `bulkhead resp`: protocol bytes to JSON, and commands in JSON to protocol bytes.
    static let resp = Command(
        name: "resp",
        summary: "print protocol bytes as lines of JSON, or encode commands",
        usage: ["bulkhead resp [--chunk N] < BYTES", "bulkhead resp --encode < LINES"],
        about: """
            Reads what a server sent from standard input, and prints one JSON object per reply, each on its own \
            line. Every type of RESP2 and RESP3 has its own tag. Strings with a length are printed as hexadecimal \
            digits, so that no byte is lost.
            """,
        flags: [.chunk, .encode],
        examples: [
            Example(
                "Two replies:", #"printf '+OK\r\n:42\r\n' | bulkhead resp"#,
                #"{"t":"simple","v":"OK"}"#,
                #"{"t":"int","v":"42"}"#),
            Example(
                "Input that ends inside a reply (exit code 66):", #"printf '_\r\n$5\r\nhel' | bulkhead resp"#,
                #"{"t":"null"}"#,
                #"{"t":"incomplete"}"#),
            Example(
                "Input that breaks the protocol (exit code 65):", #"printf '#x\r\n' | bulkhead resp | cut -d, -f1-3"#,
                #"{"t":"violation","kind":"malformed-boolean","offset":1"#),
            Example(
                "A command with a value of two bytes, and what it is on the wire:",
                #"echo '["SET","k",{"hex":"00ff"}]' | bulkhead resp --encode | cat -v"#,
                "*3^M", "$3^M", "SET^M", "$1^M", "k^M", "$2^M", "^@M-^?^M"),
            Example(
                #"Ask a server; the file holds lines such as ["GET","doc:1"]:"#,
                "bulkhead resp --encode < commands | nc -N localhost 6379 | bulkhead resp"),
        ],
        tables: [
            Table(
                title: "What is printed",
                rows: [
                    ("+", #"{"t":"simple","v":"OK"}"#),
                    ("-", #"{"t":"error","v":"ERR …"}"#),
                    ("", "v_hex in place of v where these two are not UTF-8"),
                    (":", #"{"t":"int","v":"123"}"#),
                    ("$", #"{"t":"bulk","v_hex":"68656c6c6f"}"#),
                    ("_ $-1 *-1", #"{"t":"null"}"#),
                    ("*", #"{"t":"array","v":[…]}"#),
                    ("~", #"{"t":"set","v":[…]}"#),
                    (">", #"{"t":"push","v":[…]}"#),
                    ("%", #"{"t":"map","v":[[key,value],…]}"#),
                    (",", #"{"t":"double","v":"3.14"}  also "inf", "-inf", "nan""#),
                    ("#", #"{"t":"bool","v":true}"#),
                    ("(", #"{"t":"bignum","v":"…"}"#),
                    ("=", #"{"t":"verbatim","fmt":"txt","v_hex":"…"}"#),
                    ("!", #"{"t":"blob_error","v_hex":"…"}"#),
                    ("|", #"{"t":"attribute","attrs":[[key,value],…],"value":{…}}"#),
                    ("at the end", #"{"t":"incomplete"} where a reply lacks its end, or"#),
                    ("", #"{"t":"violation","kind":"…","offset":0,"message":"…"}"#),
                    ("", "where a byte cannot be there; offset counts from 0"),
                ])
        ],
        exitCodes: [.done, .usage, .badData, .inputTooShort, .ioFailed],
        run: runRESP)

    private static func runRESP(_ call: Call) async throws(ProgramFailure) -> ExitCode {
        let awaited =
            call.arguments.has(.encode)
            ? #"commands, one a line, such as ["GET","doc:1"]"# : "protocol bytes, such as +OK and a line end"
        call.streams.sayWaiting(for: awaited, call.program)
        guard call.arguments.has(.encode) else {
            return try printReplies(of: call.streams, chunk: call.arguments.integer(of: .chunk))
        }
        guard !call.arguments.has(.chunk) else {
            throw .usage("--chunk is for decoding: leave it out, or leave out --encode", of: "bulkhead resp")
        }
        return try encodeCommands(of: call.streams)
    }

    private static func printReplies(
        of streams: StandardStreams, chunk: Int?
    ) throws(ProgramFailure) -> ExitCode {
        var transcript = RESPTranscript()
        var output = OutputBlock(streams.output)
        var input = InputBlock(streams.input)
        while true {
            // Nobody has to wait for a line while this waits for bytes.
            try output.flush()
            try input.read()
            if input.hasEnded { transcript.finish() }
            var rest = input.bytes
            var progress: RESPTranscript.Progress
            repeat {
                let part = rest.prefix(chunk ?? rest.count)
                transcript.feed(part)
                rest = rest.dropFirst(part.count)
                repeat {
                    progress = transcript.writeLines(to: &output.bytes, upTo: OutputBlock.size)
                    if output.isFull { try output.flush() }
                } while progress == .outputFull
                if case .ended(let ending) = progress {
                    try output.flush()
                    return ending.exitCode
                }
            } while !rest.isEmpty
        }
    }

    private static func encodeCommands(of streams: StandardStreams) throws(ProgramFailure) -> ExitCode {
        var encoder = JSONCommandEncoder()
        var output = OutputBlock(streams.output)
        var input = InputBlock(streams.input)
        repeat {
            try output.flush()
            try input.read()
            do {
                try encoder.feed(input.bytes, to: &output.bytes)
                if input.hasEnded { try encoder.finish(to: &output.bytes) }
            } catch {
                try output.flush()
                throw ProgramFailure(.badData, "bulkhead resp --encode: \(error)")
            }
        } while !input.hasEnded
        try output.flush()
        return .done
    }
}

extension Flag {
    fileprivate static let chunk = Flag(
        "chunk", .positiveInteger("N"), "feed the decoder N bytes at a time; what is printed never depends on it")
    fileprivate static let encode = Flag(
        "encode", .none,
        """
        the way back, for commands: read an array of arguments a line, each a string or {"hex":"…"}, \
        and write wire bytes
        """)
}

extension RESPTranscript.Ending {
    fileprivate var exitCode: ExitCode {
        switch self {
        case .complete: .done
        case .incomplete: .inputTooShort
        case .violation: .badData
        }
    }
}
