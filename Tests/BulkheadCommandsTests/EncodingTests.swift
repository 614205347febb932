import BulkheadCommands
import BulkheadRESP
import Testing

/// How a command is encoded: on the stack while it is small, in its own memory where it is not.
@Suite struct EncodingTests {
    @Test(arguments: [1, 8, 9, 10, 98, 99, 100, 5_000])
    func `a command says how many arguments it has, however many these are`(count: Int) throws {
        let keys = (0..<count).map { "key:\($0)" }
        let command: RedisCommand<Int> = .del(keys)
        #expect(words(command) == ["DEL"] + keys)
        #expect(command.encoded.bytes.starts(with: "*\(count + 1)\r\n$3\r\nDEL\r\n".utf8))
    }

    @Test func `an argument of any size is sent byte for byte, and so is what follows it`() {
        for size in Array(0...1_200) + [4_096, 65_536, 1 << 20] {
            let value = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
            let command = RedisCommand<Bool>.set("key", value, expiry: .after(.seconds(1)), condition: .ifAbsent)
            let sent = arguments(of: command)
            #expect(sent?.count == 6, "\(size) bytes")
            #expect(sent?[2].elementsEqual(value) == true, "\(size) bytes")
            #expect(sent?.suffix(3).map(\.description) == ["NX", "PX", "1000"], "\(size) bytes")
        }
    }

    @Test func `small and large arguments mix in any order`() {
        for gap in [0, 1, 400, 470, 480, 490, 500, 510, 520] {
            let parts = [gap, 600, gap, 3, 0, 2_000, 500, gap].map { [UInt8](repeating: 0x61, count: $0) }
            let sent = arguments(of: RedisCommand<Int>.rpush("list", parts))
            #expect(sent?.dropFirst(2).map { Array($0) } == parts, "\(gap) bytes between")
        }
    }

    @Test func `numbers are whole wherever they come to stand`() {
        for size in 380...520 {
            let key = String(repeating: "k", count: size)
            #expect(words(.getrange(key, from: .min, through: .max)) == ["GETRANGE", key, "\(Int.min)", "\(Int.max)"])
        }
        let powers = (0..<19).map { Int((0..<$0).reduce(1) { product, _ in product * 10 }) }
        for number in powers.flatMap({ [$0 - 1, $0, -$0] }) { #expect(words(.echo(number)) == ["ECHO", "\(number)"]) }
    }

    @Test func `a command keeps no more memory than it needs`() {
        let small: RedisCommand<String?> = .get("key")
        #expect(small.encoded.bytes.capacity < small.encoded.bytes.count + 32)
        let vector = [Float](repeating: 0.5, count: 1_536)
        let large = RedisCommand<Bool>.set("key", vector, expiry: .after(.seconds(1)))
        #expect(large.encoded.bytes.capacity < large.encoded.bytes.count + 256)
    }

    @Test func `an argument of one's own may append anything that is one argument`() {
        struct Padded: RedisArgument {
            let size: Int
            func append(to arguments: inout RedisArguments) {
                let bytes = [UInt8](repeating: 0x2e, count: size)
                bytes.withUnsafeBytes { arguments.append(bytes: $0) }
            }
        }
        let sent = arguments(of: RedisCommand<Int>.del([Padded(size: 0), Padded(size: 700), Padded(size: 3)]))
        #expect(sent?.map(\.count) == [3, 0, 700, 3])
    }

    @Test func `a command's name is its first word in upper case, and never what stands behind it`() {
        func name(_ word: String) -> String { (.raw(word, ["secret"]) as RedisCommand<RESPValue>).name }
        #expect(name("get") == "GET")
        #expect(name("AUTH secret") == "AUTH")
        #expect(name("auth\tsecret\r\n") == "AUTH")
        #expect(name("") == "")
        #expect(name(" secret") == "")
        #expect(name("straße") == "STRASSE")
        #expect(RedisCommand<Int>.incr("secret").name == "INCR")
    }

    @Test func `reasons are the same if their words are`() {
        let reason: CommandRoute.Reason = "close the databases instead"
        let command: RedisCommand<RESPValue> = .raw("quit", [])
        #expect(command.encoded.route == .refused(reason: reason))
        #expect(Set([reason, "close the databases instead", "another"]).count == 2)
        #expect("\(reason)" == "close the databases instead")
    }
}
