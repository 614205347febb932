import BulkheadCommands
import BulkheadRESP
import Testing

@Suite struct ArgumentTests {
    @Test func `text is sent as UTF-8`() {
        #expect(lastArgument(.echo("schlüssel")) == Array("schlüssel".utf8))
        #expect(lastArgument(.echo("schlüssel".dropFirst(4))) == Array("üssel".utf8))
        #expect(lastArgument(.echo("")) == [])
    }

    @Test func `integers are sent in decimal`() {
        #expect(words(.echo(0)) == ["ECHO", "0"])
        #expect(words(.echo(Int.min)) == ["ECHO", "-9223372036854775808"])
        #expect(words(.echo(Int64.max)) == ["ECHO", "9223372036854775807"])
        #expect(words(.echo(Int8.min)) == ["ECHO", "-128"])
        #expect(words(.echo(Int16.min)) == ["ECHO", "-32768"])
        #expect(words(.echo(Int32.min)) == ["ECHO", "-2147483648"])
        #expect(words(.echo(Int128.min)) == ["ECHO", "\(Int128.min)"])
        #expect(words(.echo(UInt16.max)) == ["ECHO", "65535"])
        #expect(words(.echo(UInt32.max)) == ["ECHO", "4294967295"])
        #expect(words(.echo(UInt64.max)) == ["ECHO", "18446744073709551615"])
        #expect(words(.echo(UInt.max)) == ["ECHO", "18446744073709551615"])
        #expect(words(.echo(UInt128.max)) == ["ECHO", "\(UInt128.max)"])
    }

    @Test func `true is 1 and false is 0`() {
        #expect(words(.echo(true)) == ["ECHO", "1"])
        #expect(words(.echo(false)) == ["ECHO", "0"])
    }

    @Test func `an array of packed numbers is one argument, any other array is many`() {
        #expect(words(.rpush("k", [104, 105] as [UInt8])) == ["RPUSH", "k", "hi"])
        #expect(words(.rpush("k", [0.5] as [Float])).count == 3)
        #expect(words(.rpush("k", [1, 2])) == ["RPUSH", "k", "1", "2"])
        #expect(words(.rpush("k", [true, false])) == ["RPUSH", "k", "1", "0"])
    }

    @Test func `a condition carries the value that it compares with`() {
        #expect(words(.set("k", "v", condition: .ifAbsent)) == ["SET", "k", "v", "NX"])
        #expect(words(.set("k", "v", condition: .ifEqual(to: 1))) == ["SET", "k", "v", "IFEQ", "1"])
        let bytes: [UInt8] = [0, 255]
        #expect(lastArgument(.set("k", "v", condition: .ifEqual(to: bytes))) == bytes)
        #expect(words(.zadd("z", ["a": 1], condition: .ifGreater)) == ["ZADD", "z", "GT", "1", "a"])
        #expect(words(.zadd("z", ["a": 1], condition: .ifLess)) == ["ZADD", "z", "LT", "1", "a"])
        #expect(RedisCommand<Bool>.set("k", "v", condition: .ifEqual(to: "EX")).sideEffect == .accumulatingWrite)
    }

    @Test(arguments: [
        (0.0, "0"), (10.0, "10"), (-0.5, "-0.5"), (0.1, "0.1"), (1e100, "1e+100"), (.leastNonzeroMagnitude, "5e-324"),
        (Double.infinity, "inf"), (-Double.infinity, "-inf"), (Double.nan, "nan"),
    ])
    func `doubles are the shortest text that reads back the same`(number: Double, text: String) throws {
        #expect(words(.echo(number)) == ["ECHO", text])
        let back = try Double(redis: .bulk(text))
        #expect(back == number || back.isNaN && number.isNaN)
    }

    @Test func `bytes are sent as they are`() {
        let bytes: [UInt8] = [0, 13, 10, 255]
        #expect(lastArgument(.echo(bytes)) == bytes)
        #expect(lastArgument(.echo(RESPBytes(bytes))) == bytes)
        #expect(lastArgument(.echo([UInt8]())) == [])
    }

    @Test func `floats are packed little-endian, four bytes each`() {
        #expect(lastArgument(.echo([1, -2] as [Float])) == [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0])
        #expect(lastArgument(.echo([Float.infinity])) == [0, 0, 0x80, 0x7f])
        #expect(lastArgument(.echo([Float]())) == [])
    }

    @Test func `an enum of one's own is its raw value both ways, and an unknown one is refused unseen`() throws {
        enum Plan: String, RedisArgument, RedisDecodable { case free, paid }
        enum Level: Int, RedisArgument, RedisDecodable { case low = 1, high = 9 }
        #expect(words(.set("plan", Plan.paid)) == ["SET", "plan", "paid"])
        #expect(words(.set("level", Level.high)) == ["SET", "level", "9"])
        #expect(try Plan(redis: .bulk("free")) == .free)
        #expect(try Level?(redis: .bulk("9")) == .high && Level?(redis: .null) == nil)
        let error = #expect(throws: RedisConversionError.self) { try Plan(redis: .bulk("secret")) }
        #expect(error?.description == "expected a raw value of Plan, found another one")
    }

    @Test func `a type of one's own is an argument by appending one`() {
        struct DocumentID: RedisArgument {
            let number: Int
            func append(to arguments: inout RedisArguments) { arguments.append("doc:\(number)") }
        }
        #expect(words(.del(DocumentID(number: 1), DocumentID(number: 2))) == ["DEL", "doc:1", "doc:2"])
        let links: KeyValuePairs<String, any RedisArgument> = ["next": DocumentID(number: 2)]
        #expect(words(.hset(DocumentID(number: 1), links)) == ["HSET", "doc:1", "next", "doc:2"])
    }
}
