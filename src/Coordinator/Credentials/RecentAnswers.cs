using System.Collections.Concurrent;

namespace Coordinator.Credentials;

/// <summary>Answers by hash, each for a moment and so many at most: where there would be more, all are forgotten.</summary>
internal sealed class RecentAnswers(int most, TimeSpan age, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, (Credential? Credential, long At)> _answers = new();

    // Counted here: the dictionary's own count takes all its locks.
    private int _count;

    public bool TryGet(string sha256, out Credential? credential)
    {
        var recent = _answers.TryGetValue(sha256, out var answer) && time.GetElapsedTime(answer.At) < age;
        credential = recent ? answer.Credential : null;
        return recent;
    }

    /// <param name="askedAt">The timestamp from before the store was asked: an answer is as old as its question.</param>
    public void Set(string sha256, Credential? credential, long askedAt)
    {
        if (!_answers.ContainsKey(sha256) && Interlocked.Increment(ref _count) > most)
        {
            _answers.Clear();
            Volatile.Write(ref _count, 1);
        }

        _answers[sha256] = (credential, askedAt);
    }
}
