package import BulkheadRESP

// Finds the request that each arriving value answers.

extension ConnectionMachine {
    /// Bytes have arrived, and with them these whole values or none; takes them, and appends what each means.
    package mutating func received(_ values: inout [RESPValue], _ receptions: inout RingQueue<Reception>) {
        bytesArrived()
        if let waiter = takeWaiter(ofAll: values) {
            receptions.append(.completedAll(waiter, values))
            return values = []
        }
        let isReady = isReady
        for index in values.indices {
            // Moved out, not copied: two counts fewer of the receive buffer's references.
            var value = RESPValue.null
            swap(&value, &values[index])
            guard isReady, let waiter = takeWaiter(of: value) else {
                receptions.append(received(consume value))
                continue
            }
            switch consume waiter {
            case .some(let waiter): receptions.append(.completed(waiter, consume value))
            case nil: cancelledAfterSend -= 1
            }
        }
        values.removeAll(keepingCapacity: true)
    }

    /// The short way for nearly all: takes out the first request in the queue if `value` is the whole answer to it, and
    /// gives its waiter.
    private mutating func takeWaiter(of value: borrowing RESPValue) -> Waiter?? {
        guard Self.isPlain(value), !isBroken, !queue.isEmpty else { return nil }
        let handedOut = handedOut
        // In place: a copy of the request would cost as much as all the rest.
        let waiter: Waiter?? = queue.withFirst { request in
            request.isPlain && request.firstByte < handedOut ? .some(request.waiter.take()) : nil
        }
        // Without its waiter such a request owns nothing.
        if waiter != nil { queue.forgetFirst() }
        return waiter
    }

    /// The short way for pipelines: the waiter of a request for as many replies, which then are the array they came in.
    private mutating func takeWaiter(ofAll values: [RESPValue]) -> Waiter? {
        guard values.count > 1, isReady, !isBroken, isFirstHandedOut,
            queue.withFirst({
                Int($0.missing) == values.count && $0.replies.isEmpty && !$0.isSubscription && $0.waiter != nil
            }),
            values.allSatisfy(Self.isPlain)
        else { return nil }
        return popFirst().waiter
    }

    /// True if somebody can be answered: what comes before a request has left is no reply to it.
    var isFirstHandedOut: Bool { !queue.isEmpty && queue.first.firstByte < handedOut }

    /// Takes the first request out of the queue; there must be one.
    mutating func popFirst() -> Request {
        let request = queue.popFirst()!
        if request.waiter == nil { cancelledAfterSend -= 1 }
        return request
    }

    /// True for what is a reply wherever it stands.
    private static func isPlain(_ value: borrowing RESPValue) -> Bool {
        switch value {
        case .push, .attribute, .array: false
        default: true
        }
    }

    /// A value has arrived at a connection that is ready.
    mutating func deliver(_ value: RESPValue) -> Reception {
        if let (elements, kind) = push(in: value) { return deliver(push: value, elements, kind) }
        if loginStep == .asked { return loginAnswered(value) }
        guard isFirstHandedOut else {
            isBroken = true
            return .broken(
                ConnectionFailure(
                    .unsolicitedReply,
                    "\(settings.endpoint) sent a reply that no request waits for; "
                        + "the connection is closed, so that no caller gets a wrong reply"))
        }
        if queue.first.isSubscription { return deliver(replyToSubscription: value) }
        let isLast: Bool? = queue.withFirst { request in
            if request.isDisproved(by: value) { return nil }
            request.missing -= 1
            // A request of one reply never touches the array, and what nobody waits for is not kept.
            if request.waiter != nil, request.missing > 0 || !request.replies.isEmpty {
                if request.replies.isEmpty { request.replies.reserveCapacity(Int(request.missing) + 1) }
                request.replies.append(value)
            }
            return request.missing == 0
        }
        guard let isLast else {
            isBroken = true
            return .broken(lostOrder)
        }
        guard isLast else { return .nothing }
        let request = popFirst()
        guard let waiter = request.waiter else { return .nothing }
        if request.isProof { return .completed(waiter, request.replies[1]) }
        return request.replies.isEmpty ? .completed(waiter, value) : .completedAll(waiter, request.replies)
    }
}
