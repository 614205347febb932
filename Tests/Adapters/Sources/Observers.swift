import Bulkhead

struct Observers: RedisObserver {
    let all: [any RedisObserver]

    func commandEnded(_ event: RedisCommandEvent) { for one in all { one.commandEnded(event) } }
    func connectionChanged(_ event: RedisConnectionEvent) { for one in all { one.connectionChanged(event) } }
}
