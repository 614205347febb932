#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// An authority and three certificates of a server, made by the openssl command in a private folder.
package struct TemporaryCertificates: Sendable {
    private let folder: String

    package var authority: String { folder + "/ca.pem" }
    /// What a server uses; `install` puts one there.
    package var certificate: String { folder + "/server.pem" }
    package var key: String { folder + "/server.key" }

    /// Throws where there is no openssl command. `remove` removes the folder.
    package init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        folder = "\(parent)/bulkhead-certificates-\(getpid())"
        let result = try ChildProgram.run(["sh", "-euc", Self.script, folder], silenced: true)
        guard result.exitCode == 0 else { throw ProgramError("the openssl command makes no certificates") }
    }

    /// `first` and `renewed` are of localhost, `elsewhere` is not. One key does for all.
    package func install(_ name: String) throws {
        _ = try ChildProgram.run(["cp", "\(folder)/\(name).pem", certificate])
    }

    package func remove() { _ = try? ChildProgram.run(["rm", "-rf", folder]) }

    private static let script = """
        rm -rf "$0"; mkdir -m 700 "$0"; cd "$0"
        key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }
        key ca; key server
        openssl req -x509 -new -key ca.key -subj /CN=ca -days 30 -out ca.pem -addext basicConstraints=critical,CA:TRUE
        # name, host
        certificate() {
          openssl req -new -key server.key -subj "/CN=$2" -addext "subjectAltName=DNS:$2" -out $1.csr
          openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -copy_extensions copy \\
            -out $1.pem
        }
        certificate first localhost; certificate renewed localhost; certificate elsewhere redis.example
        """
}
