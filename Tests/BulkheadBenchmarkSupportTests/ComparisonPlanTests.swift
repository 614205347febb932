import Testing

@testable import BulkheadBenchmarkSupport

@Suite struct ComparisonPlanTests {
    @Test func `every program has its turn once a round, and every other round runs its groups backwards`() {
        for round in 0..<4 {
            let order = ComparedProgram.order(inRound: round)
            #expect(order.count == ComparedProgram.allCases.count)
            #expect(Set(order) == Set(ComparedProgram.allCases))
        }
        #expect(ComparedProgram.order(inRound: 0).prefix(3) == [.asyncOne, .plainOne, .blockingOne])
        #expect(ComparedProgram.order(inRound: 1).prefix(3) == [.blockingOne, .plainOne, .asyncOne])
        #expect(ComparedProgram.order(inRound: 2) == ComparedProgram.order(inRound: 0))
    }

    @Test func `what is divided by each other stands in one group`() {
        let reading = ComparisonReading(commandsPerSecond: 1, p50: 1, p999: 1, processorTime: 1)
        for point in ComparisonPoint.allCases where point.section.judgesRatio {
            let groups = ComparedProgram.groups.filter { group in
                point.sample(of: Dictionary(uniqueKeysWithValues: group.map { ($0, reading) })) != nil
            }
            #expect(groups.count == 1, "\(point.name) has no group of its own")
        }
    }

    @Test func `each redis-benchmark gets 100 bytes with the callers and the pipeline of its target`() {
        func words(_ program: ComparedProgram) -> String {
            program.arguments(port: 7_000, requests: 5_000).joined(separator: " ")
        }
        let rest = "--csv --precision 3"
        let start = "-h 127.0.0.1 -p 7000 -t get -d 100 -n 5000"
        #expect(words(.plainOne) == "\(start) -c 1 -P 1 \(rest)")
        #expect(words(.plainFifty) == "\(start) -c 50 -P 1 \(rest)")
        #expect(words(.plainThousand) == "\(start) -c 1000 -P 1 \(rest)")
        #expect(words(.plainPipeline) == "\(start) -c 1 -P 100 \(rest)")
    }

    @Test func `ours run the same load, and the yardstick of MGET receives the same keys`() {
        func words(_ program: ComparedProgram) -> String {
            program.arguments(port: 7_000, requests: 5_000).joined(separator: " ")
        }
        let start = "--json --host 127.0.0.1 --port 7000 --mode"
        let get = "--op get --value-size 100"
        let mget = "--op mget --keys 100 --value-size 6144"
        #expect(words(.asyncThousand) == "\(start) async --requests 5000 --clients 1000 --pipeline 1 \(get)")
        #expect(words(.blockingPipeline) == "\(start) blocking --requests 5000 --clients 1 --pipeline 100 \(get)")
        #expect(words(.asyncVectors) == "\(start) async --requests 5000 --clients 1 --pipeline 1 \(mget) --as floats")
        #expect(words(.loopFifty) == "\(start) loop --requests 5000 --clients 50 --pipeline 1 \(get)")
        #expect(
            words(.busyLoop) == "\(start) loop --requests 5000 --clients 1000 --pipeline 1 \(get) --busy-cache 1024")
        for (program, mode) in [(ComparedProgram.hash, "async"), (.plainHash, "receive")] {
            let hgetall = "--op hgetall --keys 10000 --value-size 100"
            #expect(words(program) == "\(start) \(mode) --requests 5000 --clients 1 --pipeline 1 \(hgetall)")
        }
        #expect(words(.plainVectors) == "\(start) receive --requests 5000 --clients 1 --pipeline 1 \(mget)")
    }

    @Test func `the commands of a turn fill its time and are the same for every client`() {
        #expect(ComparedProgram.plainOne.requests(perSecond: 18_700, seconds: 1) == 18_700)
        #expect(ComparedProgram.plainPipeline.requests(perSecond: 920_247, seconds: 0.1) == 92_000)
        #expect(ComparedProgram.asyncThousand.requests(perSecond: 1_310_500, seconds: 0.5) == 655_000)
    }

    @Test(arguments: [0, -1, .nan, .infinity, 3])
    func `a rate that is no use still gives every client a command`(rate: Double) {
        for program in ComparedProgram.allCases {
            let requests = program.requests(perSecond: rate, seconds: 1)
            #expect(requests == max(100, program.clients * program.pipeline))
        }
    }

    @Test func `a full comparison ends within five minutes, a quick one within one`() throws {
        func seconds(_ line: [String]) throws -> Double {
            let settings = try ComparisonSettings.parsed(line)
            // A tenth more for warming up, and a tenth of a second to start a program.
            let turns = Double((settings.roundCount + 1) * ComparedProgram.allCases.count)
            return turns * (1.1 * settings.secondsEach + 0.1)
        }
        #expect(try seconds([]) < 245)
        #expect(try seconds(["--quick"]) < 50)
    }

    @Test func `quick shortens what was asked for and never lengthens it`() throws {
        let settings = try ComparisonSettings.parsed(["--quick", "--rounds", "2", "--seconds", "0.2"])
        #expect(settings.roundCount == 2 && settings.secondsEach == 0.2)
    }

    @Test func `help stays within 80 columns`() throws {
        let lines = try ComparisonSettings.help()
        #expect(lines.allSatisfy { $0.count <= 80 })
        #expect(lines.contains { $0.contains("--keep") })
    }
}
