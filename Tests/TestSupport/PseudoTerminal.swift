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
        resize(columns: columns, rows: rows)
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
