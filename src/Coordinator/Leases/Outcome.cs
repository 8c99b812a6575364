using System.Diagnostics.CodeAnalysis;

namespace Coordinator.Leases;

/// <summary>What a rule can refuse. Each has one gRPC status, in one table.</summary>
internal enum RefusalKind
{
    /// <summary>A field is malformed or out of bounds.</summary>
    InvalidField,

    /// <summary>The operation id was used before with other arguments.</summary>
    OperationMismatch,

    /// <summary>There is no such lease.</summary>
    LeaseNotFound,

    /// <summary>Another holder has the lease.</summary>
    LeaseHeld,

    /// <summary>The presented token is not the valid one.</summary>
    LeaseLost,

    /// <summary>A batch is missing between the last stored one and this one.</summary>
    SequenceGap,

    /// <summary>Another content is stored under this batch sequence.</summary>
    BatchMismatch,

    /// <summary>A position behind the last event of a log, or change of a partition.</summary>
    PositionBeyondEnd,

    /// <summary>Changes behind the cursor are no longer kept.</summary>
    CursorTrimmed,

    /// <summary>There is no such record.</summary>
    RecordNotFound,

    /// <summary>It is over and does not change again.</summary>
    RecordFinal,

    /// <summary>The caller does not hold it.</summary>
    NotHolder,

    /// <summary>Another one has the name.</summary>
    NameTaken,

    /// <summary>There are as many as there may be.</summary>
    TooManyActive,

    /// <summary>A session has as many unanswered frames, or leases, as it may.</summary>
    LimitExceeded,
}

/// <summary>A request was refused and nothing was changed; with what the caller needs to go on.</summary>
internal sealed record Refusal(RefusalKind Kind, string Message)
{
    /// <summary>The field at fault, snake_case, for <see cref="RefusalKind.InvalidField"/>.</summary>
    public string? Field { get; init; }

    /// <summary>Who holds the lease, for <see cref="RefusalKind.LeaseHeld"/>.</summary>
    public string? Holder { get; init; }

    /// <summary>When that lease ends unless renewed, for <see cref="RefusalKind.LeaseHeld"/>.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>What became of the presented token, for <see cref="RefusalKind.LeaseLost"/>.</summary>
    public LostLease? Lost { get; init; }

    /// <summary>The sequence that would have been accepted, for <see cref="RefusalKind.SequenceGap"/>.</summary>
    public long? Expected { get; init; }

    /// <summary>The name that is taken, for <see cref="RefusalKind.NameTaken"/>; the state, for <see cref="RefusalKind.RecordFinal"/>.</summary>
    public string? About { get; init; }

    /// <summary>How many there are, for <see cref="RefusalKind.TooManyActive"/>.</summary>
    public int? Active { get; init; }

    /// <summary>How many there may be, for <see cref="RefusalKind.TooManyActive"/>.</summary>
    public int? Most { get; init; }

    public static Refusal Invalid(string field, string message) => new(RefusalKind.InvalidField, $"{field}: {message}") { Field = field };
}

/// <summary>A value, or the refusal to give one.</summary>
internal readonly record struct Outcome<T>
{
    public Outcome(T value)
        : this(value, null)
    {
    }

    private Outcome(T? value, Refusal? refusal) => (Value, Refusal) = (value, refusal);

    public T? Value { get; }

    public Refusal? Refusal { get; }

    public static implicit operator Outcome<T>(T value) => new(value, null);

    public static implicit operator Outcome<T>(Refusal refusal) => new(default, refusal);

    /// <summary>True with the value, false with the refusal.</summary>
    public bool Try([NotNullWhen(true)] out T? value, [NotNullWhen(false)] out Refusal? refusal)
    {
        (value, refusal) = (Value, Refusal);
        return refusal is null;
    }
}
