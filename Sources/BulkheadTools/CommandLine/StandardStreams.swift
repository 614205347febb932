#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

// errno is touched here, for files by their paths in NewFile, FilePath and LintFileSystem.

/// Where a program reads, writes, and talks.
package struct StandardStreams: Sendable {
    package let input: Descriptor
    package let output: Descriptor
    package let errors: Descriptor

    /// Those of this process. Writing to a pipe that nobody reads is an error from then on, and no signal.
    package static func ofThisProcess() -> StandardStreams {
        signal(SIGPIPE, SIG_IGN)
        Interruption.quitAsOthersDo()
        return StandardStreams(
            input: Descriptor(number: 0, name: "standard input"),
            output: Descriptor(number: 1, name: "standard output"),
            errors: Descriptor(number: 2, name: "standard error"))
    }
}

/// An open file, pipe or socket that somebody else closes.
package struct Descriptor: Sendable {
    let number: Int32
    /// As messages call it.
    let name: String

    /// Opens a file for reading, for as long as `body` runs. Throws if it cannot be opened, and what `body` throws.
    static func withFile<Result>(
        _ path: String, _ body: (Descriptor) throws(ProgramFailure) -> Result
    ) throws(ProgramFailure) -> Result {
        let file = try InputFile(path)
        file.sayIfNothingComes()
        // It is closed with its last reference.
        defer { withExtendedLifetime(file) {} }
        return try body(file.descriptor)
    }

    /// Waits for bytes and returns how many came; 0 at the end. Throws if reading fails, or if somebody asks to stop
    /// while nothing comes.
    func readBlock(into space: UnsafeMutableRawBufferPointer) throws(ProgramFailure) -> Int {
        while true {
            // `read` goes on behind a signal.
            while !hasInput(within: Self.askInterval) {
                if Interruption.isRequested { throw .unnamed(.failed, "stopped while reading \(name)") }
            }
            let count = read(number, space.baseAddress, space.count)
            if count >= 0 { return count }
            try recover("reading", waitFor: POLLIN)
        }
    }

    /// Milliseconds between two questions whether to stop.
    private static let askInterval: Int32 = 100

    /// False if nothing has come for so many milliseconds; true also of the end, and of what cannot be waited for.
    func hasInput(within milliseconds: Int32) -> Bool {
        var request = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        let count = poll(&request, 1, milliseconds)
        return count > 0 || count < 0 && errno != EINTR
    }

    /// Writes all bytes. Throws if writing fails, or `readerLeft`; some may have been written then.
    func writeAll(_ bytes: UnsafeRawBufferPointer) throws(ProgramFailure) {
        var rest = bytes
        while !rest.isEmpty {
            let count = write(number, rest.baseAddress, rest.count)
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else {
                try recover("writing", waitFor: POLLOUT)
            }
        }
    }

    /// Writes the UTF-8 of `text`; throws as for bytes.
    func writeAll(_ text: String) throws(ProgramFailure) {
        var block = OutputBlock(self)
        block.bytes.append(text: text)
        try block.flush()
    }

    /// Returns if the call that just failed is to be tried again. Whoever shares a descriptor may have made it
    /// non-blocking, so would-block is waited for.
    private func recover(_ action: String, waitFor events: Int32) throws(ProgramFailure) {
        let code = errno
        switch code {
        case EINTR: return
        case EAGAIN, EWOULDBLOCK:
            var request = pollfd(fd: number, events: Int16(events), revents: 0)
            _ = poll(&request, 1, -1)
        case EPIPE: throw .readerLeft
        default:
            throw ProgramFailure.unnamed(.ioFailed, "\(action) \(name) failed: \(String(cString: strerror(code)))")
        }
    }
}

/// Input in blocks, whatever its length.
struct InputBlock {
    static let size = 64 << 10

    private let descriptor: Descriptor
    private var storage = [UInt8](repeating: 0, count: size)
    private var count = 0
    private(set) var hasEnded = false

    init(_ descriptor: Descriptor) {
        self.descriptor = descriptor
    }

    /// What the last read gave.
    var bytes: ArraySlice<UInt8> { storage[..<count] }

    /// Waits for the next bytes; at most `size` of them.
    mutating func read() throws(ProgramFailure) {
        let descriptor = descriptor
        var span = storage.mutableSpan
        count = try span.withUnsafeMutableBytes { space throws(ProgramFailure) in
            try descriptor.readBlock(into: space)
        }
        hasEnded = count == 0
    }
}

/// Output gathered until it is worth a write.
struct OutputBlock {
    static let size = 64 << 10

    private let descriptor: Descriptor
    var bytes: [UInt8] = []

    init(_ descriptor: Descriptor) {
        self.descriptor = descriptor
    }

    var isFull: Bool { bytes.count >= Self.size }

    /// Writes and forgets what was gathered.
    mutating func flush() throws(ProgramFailure) {
        // One long line must not keep its memory.
        defer { bytes.removeAll(keepingCapacity: bytes.capacity <= 4 * Self.size) }
        try bytes.span.withUnsafeBytes { block throws(ProgramFailure) in
            try descriptor.writeAll(block)
        }
    }
}
