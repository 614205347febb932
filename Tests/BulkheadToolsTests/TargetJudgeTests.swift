import Testing

@testable import BulkheadTools

@Suite("Whether keys are safe in a target") struct TargetJudgeTests {
    private static let start = [
        "run_id": "a", "used_memory": "1000000", "mem_not_counted_for_evict": "0", "maxmemory": "0",
        "maxmemory_policy": "noeviction", "evicted_keys": "5", "role": "master", "rdb_last_bgsave_status": "ok",
        "aof_last_write_status": "ok",
    ]

    private func reading(_ changes: [String: String] = [:]) -> TargetReading {
        TargetReading(info: Self.start.merging(changes) { $1 })
    }

    private func judge(_ changes: [String: String] = [:]) -> TargetJudge {
        TargetJudge(name: "main", first: reading(changes))
    }

    @Test func `without a limit everything fits`() {
        #expect(judge().obstacle(coming: 1 << 50, slice: 1 << 20) == nil)
        #expect(judge(["maxmemory_policy": "allkeys-lru"]).obstacle(coming: 1 << 50, slice: 1 << 20) == nil)
        #expect(judge().sign(in: reading(["used_memory": "99999999999"]), coming: 1 << 20) == nil)
    }

    @Test(arguments: ["allkeys-lru", "volatile-ttl", "allkeys-random", "volatile-lrm", ""])
    func `a server that evicts needs room for a quarter more than comes, and to spare`(policy: String) {
        let limit = 100 << 20
        let judge = judge(["maxmemory": "\(limit)", "maxmemory_policy": policy])
        let left = limit - 1_000_000
        let spare = limit / TargetJudge.Limits.roomShare
        let most = (left - spare) * 4 / 5
        #expect(judge.obstacle(coming: most - 8, slice: 0) == nil)
        #expect(judge.obstacle(coming: most + 8, slice: 0)?.contains("then it evicts keys") == true)
        #expect(judge.obstacle(coming: most - 8, slice: 1 << 20) != nil)
    }

    @Test func `a server that evicts nothing is refused only if it surely has no room`() {
        let judge = judge(["maxmemory": "\(10 << 20)"])
        let left = (10 << 20) - 1_000_000
        #expect(judge.obstacle(coming: left * 5 / 4, slice: 1 << 20) == nil)
        #expect(judge.obstacle(coming: left * 7 / 5, slice: 0)?.contains("half-way") == true)
        #expect(judge.obstacle(coming: nil, slice: 0) == nil)
    }

    @Test func `what replicas and the append-only file are sent does not evict`() {
        let now = reading(["used_memory": "9000000", "mem_not_counted_for_evict": "8000000", "maxmemory": "9000001"])
        #expect(now.left == 8_000_001)
    }

    @Test func `one evicted key is the first sign, whatever the policy is by then`() {
        let judge = judge(["maxmemory": "\(64 << 20)", "maxmemory_policy": "allkeys-lru"])
        let evicted = reading(["evicted_keys": "6"])
        #expect(judge.sign(in: evicted, coming: 0)?.contains("evicted 1 key") == true)
        #expect(judge.mayHaveLost(in: evicted))
        let same = reading(["maxmemory": "\(64 << 20)", "maxmemory_policy": "allkeys-lru"])
        #expect(judge.sign(in: same, coming: 1 << 20) == nil)
        #expect(!judge.mayHaveLost(in: same))
    }

    @Test func `a policy that is set while keys come counts from then on`() {
        let full = reading(["maxmemory": "1200000", "maxmemory_policy": "volatile-lfu"])
        #expect(judge().sign(in: full, coming: 0)?.contains("It has evicted none yet") == true)
        #expect(judge().mayHaveLost(in: full) == false)
    }

    @Test func `another process is another server`() {
        #expect(judge().sign(in: reading(["run_id": "b"]), coming: 0)?.contains("was restarted") == true)
        #expect(judge().mayHaveLost(in: reading(["run_id": "b"])))
    }

    @Test(arguments: [
        (["role": "slave", "master_host": "10.0.0.1", "master_port": "7000"], "name its primary, 10.0.0.1:7000"),
        (["rdb_last_bgsave_status": "err"], "last save failed"),
        (["aof_last_write_status": "err"], "append-only file"),
    ])
    func `what loses keys later is refused before and ends it meanwhile`(changes: [String: String], words: String) {
        #expect(judge(changes).obstacle(coming: nil, slice: 0)?.contains(words) == true)
        #expect(judge().sign(in: reading(changes), coming: 0)?.contains(words) == true)
    }

    @Test func `what is not said, or is no number, is neither good nor bad`() {
        let silent = TargetJudge(name: "main", first: TargetReading(info: [:]))
        #expect(silent.obstacle(coming: 1 << 60, slice: 1 << 60) == nil)
        #expect(silent.sign(in: TargetReading(info: [:]), coming: 1 << 60) == nil)
        #expect(silent.sign(in: reading(), coming: 0) == nil)
        let extreme = ["\(Int.max)", "\(Int.min)", "x", "-1", "99999999999999999999"]
        for used in extreme {
            for limit in extreme {
                let info = ["used_memory": used, "mem_not_counted_for_evict": limit, "maxmemory": limit]
                let judge = TargetJudge(name: "main", first: TargetReading(info: info))
                _ = judge.obstacle(coming: .max, slice: .max)
                _ = judge.sign(in: TargetReading(info: info), coming: .max)
            }
        }
    }
}
