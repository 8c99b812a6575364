namespace EndToEnd.Tests.Surfaces.Scripts;

/// <summary>A title and the exchanges that belong to it, one after the other.</summary>
internal sealed record Case(string Title, IReadOnlyList<Exchange> Exchanges);

/// <summary>A request and what must be answered.</summary>
internal sealed record Exchange(string Method, string Target, IReadOnlyList<string> Headers, string? Body, int Status, IReadOnlyList<string> AnswerHeaders, string? Answer);
