#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Why this process has no TLS.
struct TLSUnavailable: Error {
    let reason: String
}

/// The two libraries of OpenSSL, opened for as long as the process lives.
struct OpenSSLLibraries {
    /// A library and how it was named.
    struct Library {
        let handle: UnsafeMutableRawPointer
        let name: String

        /// A function of C, which may have another name in older versions. The type is what its manual page says.
        func function<Function>(_ function: String, or older: String? = nil) throws(TLSUnavailable) -> Function {
            guard let address = dlsym(handle, function) ?? older.flatMap({ dlsym(handle, $0) }) else {
                throw TLSUnavailable(reason: "\(name) has no function \(function): it is no OpenSSL 3 or 1.1.1")
            }
            return unsafeBitCast(address, to: Function.self)
        }
    }

    let ssl: Library
    let crypto: Library

    /// File names of libssl and libcrypto, the newest first. The names without a version are for building programs:
    /// few systems have them, and on Apple's they end the process.
    private static var names: [(ssl: String, crypto: String)] {
        #if canImport(Darwin)
        [("libssl.3.dylib", "libcrypto.3.dylib"), ("libssl.1.1.dylib", "libcrypto.1.1.dylib")]
        #else
        [("libssl.so.3", "libcrypto.so.3"), ("libssl.so.1.1", "libcrypto.so.1.1")]
        #endif
    }

    /// The oldest version whose functions are all known to work: 1.1.1.
    private static let oldest: UInt = 0x1010_1000

    /// Looks in `folder`, or where the system keeps libraries.
    static func open(folder: String?) throws(TLSUnavailable) -> OpenSSLLibraries {
        #if canImport(Darwin)
        guard folder != nil else { throw TLSUnavailable(reason: onApple) }
        #endif
        var failures: [String] = []
        for names in names {
            let prefix = folder.map { $0 + "/" } ?? ""
            // libssl needs libcrypto, and finds the one that is open already.
            guard let crypto = library(prefix + names.crypto, &failures),
                let ssl = library(prefix + names.ssl, &failures)
            else { continue }
            let libraries = OpenSSLLibraries(ssl: ssl, crypto: crypto)
            let number: @convention(c) () -> UInt = try crypto.function("OpenSSL_version_num")
            guard number() >= oldest else {
                failures.append("\(crypto.name) is older than 1.1.1")
                continue
            }
            return libraries
        }
        throw TLSUnavailable(reason: missing(in: folder, failures))
    }

    private static func library(_ name: String, _ failures: inout [String]) -> Library? {
        if let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) { return Library(handle: handle, name: name) }
        failures.append(dlerror().map { String(cString: $0) } ?? "\(name) cannot be opened")
        return nil
    }

    private static func missing(in folder: String?, _ failures: [String]) -> String {
        let details = failures.joined(separator: "; ")
        if details.contains("Dynamic loading not supported") {
            return "this program is linked statically and cannot load OpenSSL: link it dynamically, or let a local "
                + "TLS proxy such as stunnel reach the server"
        }
        let place = folder.map { "in \($0), which \(OpenSSL.folderVariable) names" } ?? "on this system"
        return "there is no OpenSSL 3 or 1.1.1 \(place) (\(details)): install it (libssl3, openssl-libs), or set "
            + "\(OpenSSL.folderVariable) to the folder of libssl and libcrypto"
    }

    #if canImport(Darwin)
    private static let onApple =
        "Apple's systems have no OpenSSL for programs: for development install one and set "
        + "\(OpenSSL.folderVariable) to its folder, as in /opt/homebrew/opt/openssl@3/lib; else let a local TLS proxy "
        + "such as stunnel reach the server"
    #endif
}

extension OpenSSL {
    /// The environment's setting for the folder of libssl and libcrypto.
    static let folderVariable = "BULKHEAD_OPENSSL"

    /// Loaded when TLS is used first, and never unloaded.
    static let loaded: Result<OpenSSL, TLSUnavailable> = Result { () throws(TLSUnavailable) in
        let folder = getenv(folderVariable).map { String(cString: $0) }
        return try OpenSSL(OpenSSLLibraries.open(folder: folder?.isEmpty == true ? nil : folder))
    }
}
