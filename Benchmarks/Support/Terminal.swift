#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The two streams a benchmark writes to: results on standard output, everything else on standard error.
package enum Terminal {
    /// What standard output is shown on.
    package static var outputScreen: Screen { Screen(of: STDOUT_FILENO) }

    /// What standard error is shown on, where progress is.
    package static var errorScreen: Screen { Screen(of: STDERR_FILENO) }

    /// Whether a person reads standard output; a file or a pipe does not.
    package static var outputIsTerminal: Bool { outputScreen.isTerminal }

    /// Whether a person reads standard error.
    package static var errorIsTerminal: Bool { errorScreen.isTerminal }

    /// Writes the text as it is, without a newline added, to standard error; what cannot be written is dropped.
    package static func writeError(_ text: String) {
        write(text, to: STDERR_FILENO)
    }

    /// Writes to an open descriptor, past all buffers; returns false when not everything could be written.
    @discardableResult
    static func write(_ text: String, to descriptor: Int32) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while let start = rest.baseAddress, !rest.isEmpty {
                #if canImport(Darwin)
                let written = Darwin.write(descriptor, start, rest.count)
                #elseif canImport(Musl)
                let written = Musl.write(descriptor, start, rest.count)
                #else
                let written = Glibc.write(descriptor, start, rest.count)
                #endif
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { return false }
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            }
            return true
        }
    }
}
