#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A terminal without a window: what a program that has `program` as its streams shows comes out of `screen`.
package final class PseudoTerminal: Sendable {
    package struct Unavailable: Error {
        let code: Int32
    }

    /// Our end.
    package let screen: Int32
    /// The end that is a terminal to whoever has it.
    package let program: Int32

    /// Opens one; 0 columns make one that does not know its width.
    package init(columns: Int, rows: Int = 24) throws {
        var (screen, program): (Int32, Int32) = (-1, -1)
        guard openpty(&screen, &program, nil, nil, nil) == 0 else { throw Unavailable(code: errno) }
        self.screen = screen
        self.program = program
        // Whoever is started must hold no more of it than it was given.
        for end in [screen, program] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(screen, F_SETFL, O_NONBLOCK)
        resize(columns: columns, rows: rows)
    }

    /// What has been shown since the last call; empty if nothing was.
    package func read() -> [UInt8] {
        var shown: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = block.withUnsafeMutableBytes { recv($0) }
            guard count > 0 else { return shown }
            shown += block.prefix(count)
        }
    }

    /// Types, as a person does: a line ends in a line feed, and U+0004 is Ctrl-D.
    package func type(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(screen, $0.baseAddress, $0.count) }
    }

    private func recv(_ space: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Darwin)
        Darwin.read(screen, space.baseAddress, space.count)
        #elseif canImport(Musl)
        Musl.read(screen, space.baseAddress, space.count)
        #else
        Glibc.read(screen, space.baseAddress, space.count)
        #endif
    }

    deinit {
        close(screen)
        close(program)
    }

    package func resize(columns: Int, rows: Int = 24) {
        var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(program, UInt(TIOCSWINSZ), &size)
    }
}
