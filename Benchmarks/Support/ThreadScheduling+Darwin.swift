#if canImport(Darwin)
import Darwin

extension ThreadScheduling {
    package static func giveWay() -> Bool {
        pthread_set_qos_class_self_np(QOS_CLASS_UTILITY, 0) == 0
    }

    /// Darwin coalesces timers by quality of service; the highest is the most punctual.
    package static func wakePunctually() -> Bool {
        pthread_set_qos_class_self_np(QOS_CLASS_USER_INTERACTIVE, 0) == 0
    }
}
#endif
