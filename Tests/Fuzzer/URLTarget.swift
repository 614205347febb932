import Bulkhead
import BulkheadBenchmarkSupport

/// The reader of URLs promises: it never traps; what it accepts names a host and a port, or an absolute path; an error
/// has its code; and a password is shown by neither.
enum URLTarget {
    /// Looked for in everything that is shown.
    private static let secret = "hunter2"

    /// A part of a URL: what it usually is, and what it should not be, or seldom is.
    private struct Part {
        let usual: [String]
        let odd: [String]

        func draw(_ random: inout SeededGenerator) -> String { random.pick(random.once(in: 5) ? odd : usual) }
    }

    private static let tcp = Part(
        usual: ["redis://"],
        odd: ["REDIS://", "rediss://", "http://", "", "redis:", "redis:/", "redis:///", "redis", "://", "//"])
    private static let unix = Part(
        usual: ["unix://", "redis+unix://"], odd: ["unix:", "unix:/", "unix:///", "unix:////", "UNIX://", "unix"])
    private static let login = Part(
        usual: ["", "", ":\(secret)@", "u:\(secret)@"],
        odd: [
            "\(secret)@", "u:\(secret)/x@", "u:a/\(secret)@", "u:a?\(secret)@", "u:a#\(secret)@", "u:%2F\(secret)@",
            "u:a@\(secret)@", "u:\(secret)%@", "u@", ":@", "@", "u:a:\(secret)@", "u:\(secret)?x=1@",
            "u:1/\(secret)?@",
            "u:1/\(secret)#@", "u:[\(secret)]@", "é:\(secret)é@", "u:1?\(secret)=1&@", "u:1?\(secret)",
            "u:1/\(secret)",
        ])
    private static let host = Part(
        usual: ["localhost", "cache.example", "127.0.0.1", "[::1]"],
        odd: [
            "[]", "", "[fe80::1%25eth0]", "h", "xn--bcher-kva.example", "%68", "a b", "[", "]", "[::1", "[x]", "1",
            "0x7f.1", "é", "%00", "h,i", "[::1]x",
        ])
    private static let port = Part(
        usual: ["", ":6379"],
        odd: [":0", ":65535", ":65536", ":-1", ":", ":99999999999999999999", ":+1", ":1a", ":01", ":१"])
    private static let tcpPath = Part(
        usual: ["", "/", "/0"], odd: ["/3", "//", "/../x", "/a b", "/%30", "/%2e", "/é", "/0/1"])
    private static let path = Part(
        usual: ["/run/redis.sock", "/tmp/a@b"],
        odd: ["", "run/redis.sock", "x", "/", "//", "/../x", "/a b", "/%00", "/%2e", "/é", ":1/x", "h:1/x", "%2Frun"])
    private static let query = Part(
        usual: [
            "", "", "?client_name=web", "?protocol=2", "?connect_timeout=0.5&command_timeout=3", "?lease_timeout=86400",
            "?max_leases=3&max_waiters=0", "?keep_alive=1&max_idle_time=2&max_age=3",
        ],
        odd: [
            "?", "?protocol=4", "?connect_timeout=nan", "?command_timeout=1e400", "?lease_timeout=-0",
            "?max_waiters=-0", "?max_leases=99999999999999999999", "?protocol=2&protocol=3", "?db=3", "?x=@", "?&&",
            "?=", "?a=%zz", "?client_name=%0d%0a", "?connect_timeout=0x1p4", "?connect_timeout=1e-320",
            "?command_timeout=inf",
        ])
    private static let fragment = Part(usual: [""], odd: ["#", "#x", "#@h", ""])
    private static let alphabet = Array(":/?#[]@%=&.-+0123456789aeu \0\r\n\"\\é".utf8) + [0xff]

    static func make(_ random: inout SeededGenerator) -> [UInt8] {
        Mutation.oftenChanged(valid, alphabet: alphabet, &random)
    }

    private static func valid(_ random: inout SeededGenerator) -> [UInt8] {
        let parts =
            random.once(in: 3)
            ? [unix, login, path, query, fragment] : [tcp, login, host, port, tcpPath, query, fragment]
        return Array(parts.map { $0.draw(&random) }.joined().utf8)
    }

    static func check(_ input: Input) -> Verdict {
        let url = String(decoding: input.bytes, as: UTF8.self)
        let hasSecret = holdsPassword(url)
        do {
            let configuration = try RedisConfiguration(url: url)
            // By the scheme, as a host may be called unix.
            let scheme = url.drop { $0.isWhitespace }.prefix { $0 != ":" }.lowercased()
            let isSocket = !["redis", "rediss", "valkey", "valkeys"].contains(scheme)
            if let complaint = complaint(about: configuration.address, isSocket) {
                return .broken("accepted \(complaint)")
            }
            if configuration.username == "" { return .broken("accepted with an empty user") }
            // In the path of a socket any of these signs may stand, and it is shown.
            let isShown = isSocket && configuration.address.contains(secret)
            guard hasSecret, !isShown else { return .held("accepted") }
            var dumped = ""
            dump(configuration, to: &dumped)
            let texts = [configuration.description, String(reflecting: configuration), dumped]
            return texts.contains { $0.contains(secret) }
                ? .broken("an accepted URL's description shows the password") : .held("accepted with a password")
        } catch {
            guard error.code == .invalidConfiguration, !error.message.isEmpty, error.stage == .refused else {
                return .broken("refused with the code \(error.code)")
            }
            if hasSecret, "\(error) \(String(reflecting: error))".contains(secret) {
                return .broken("the error shows the password")
            }
            return .held(hasSecret ? "refused with a password" : "refused")
        }
    }

    /// What is wrong with an address; nil if it is a host and a port, or an absolute path.
    private static func complaint(about address: String, _ isSocket: Bool) -> String? {
        if isSocket {
            let isPath = address.hasPrefix("unix:/") && address != "unix:/"
            return isPath ? nil : "a path that is not absolute"
        }
        guard let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...]) else {
            return "an address without a port"
        }
        if !(1...65_535).contains(port) { return "the port \(port)" }
        return ["", "[]"].contains(address[..<colon]) ? "an empty host" : nil
    }

    /// True if the secret may stand there as a password, or as the part of one that was not percent-encoded: behind
    /// the first colon of what follows the scheme, before an @, and in no other place.
    private static func holdsPassword(_ url: String) -> Bool {
        var rest = Array(url.utf8)[...]
        if let scheme = rest.firstIndex(of: UInt8(ascii: ":")) { rest = rest[(scheme + 1)...] }
        while rest.first == UInt8(ascii: "/") { rest = rest.dropFirst() }
        let authority = rest
        guard let colon = authority.firstIndex(of: UInt8(ascii: ":")),
            let end = authority.lastIndex(of: UInt8(ascii: "@")), colon < end
        else { return false }
        return String(decoding: authority[colon..<end], as: UTF8.self).contains(secret)
            && !String(decoding: authority[end...], as: UTF8.self).contains(secret)
            && !String(decoding: authority[..<colon], as: UTF8.self).contains(secret)
    }
}
