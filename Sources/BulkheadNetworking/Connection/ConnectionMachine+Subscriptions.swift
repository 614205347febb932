import BulkheadRESP

// What the server sends unasked, and the confirmations that answer a subscription command.
//
// In RESP3 both come as pushes. In RESP2 they come as arrays, like replies: an array is one of them only while the
// ledger has a subscription, or while a subscription command waits for its answer. A message never comes before the
// confirmation of its subscription, and none behind that of the last one's end, so this is exact.

extension ConnectionMachine {
    /// Puts a subscription command among those that await confirmations; the number by which to find it.
    mutating func enter(_ subscription: SubscriptionRequest) -> Int {
        // Numbers come round after two thousand million; one that is still in use is passed over.
        repeat {
            newestSubscription = newestSubscription == .max ? 1 : newestSubscription + 1
        } while subscriptions[newestSubscription] != nil
        subscriptions[newestSubscription] = subscription
        return Int(newestSubscription)
    }

    /// What is written behind the subscription command of that number.
    func fence(behind number: Int) -> [UInt8] {
        subscriptions[Int32(number)]?.isFenced == true ? SubscriptionRequest.fence : []
    }

    /// The elements of a push, or of an array that stands for one, and its kind; nil for a reply.
    func push(in value: RESPValue) -> (elements: RESPArray, kind: PushKind)? {
        switch value {
        case .push(let elements): return (elements, PushKind(of: elements))
        case .array(let elements) where version == .resp2:
            guard ledger.isSubscribed || isSubscriptionAnswered else { return nil }
            let kind = PushKind(of: elements)
            return kind.isArrayInRESP2 ? (elements, kind) : nil
        case .attribute: return push(in: value.withoutAttributes)
        default: return nil
        }
    }

    /// A push, which answers the first request only where that is a subscription command and awaits it. All others,
    /// such as the end of a shard channel whose slot has moved, are news for whoever reads pushes.
    mutating func deliver(push value: RESPValue, _ elements: RESPArray, _ kind: PushKind) -> Reception {
        guard case .confirmation(let kind) = kind, case .integer(let count) = elements[2] else { return .pushed(value) }
        ledger.confirmed(kind, left: count)
        guard isSubscriptionAnswered else { return .pushed(value) }
        let (number, isAwaited) = (queue.first.missing, queue.first.waiter != nil)
        let left = ledger.left(of: kind)
        let step = subscriptions[number]?.received(
            value, kind, channel: elements[1], left: left, isAwaited: isAwaited)
        return step == .notMine ? .pushed(value) : reception(of: step, number)
    }

    /// A reply while the first in the queue is a subscription command: a refusal, or what ends one that is fenced.
    mutating func deliver(replyToSubscription value: RESPValue) -> Reception {
        let (number, isAwaited) = (queue.first.missing, queue.first.waiter != nil)
        return reception(of: subscriptions[number]?.received(reply: value, isAwaited: isAwaited), number)
    }

    private mutating func reception(of step: SubscriptionRequest.Step?, _ number: Int32) -> Reception {
        switch step {
        case .more, .notMine: return .nothing
        case .over, nil:
            let replies = subscriptions.removeValue(forKey: number)?.replies ?? []
            guard let waiter = popFirst().waiter else { return .nothing }
            return .completedAll(waiter, replies)
        case .queued:
            isBroken = true
            return .broken(subscriptionInTransaction)
        }
    }

    /// True if the next answer belongs to a subscription command.
    private var isSubscriptionAnswered: Bool { isFirstHandedOut && queue.first.isSubscription }

    private var subscriptionInTransaction: ConnectionFailure {
        ConnectionFailure(
            .unsolicitedReply,
            "a subscription was sent within a transaction to \(settings.endpoint): EXEC would send more replies "
                + "than it announces, so the connection is closed. Subscribe before MULTI or after EXEC",
            stage: .sent)
    }
}
