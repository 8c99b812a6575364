using Coordinator.Gateway.Transcoding.Routes;

namespace Gateway.Tests.Routes;

/// <summary>The grammar of path templates.</summary>
public sealed class PathTemplateTests
{
    [Theory]
    [InlineData("/a", "a", "", "")]
    [InlineData("/a/*/b", "a * b", "", "")]
    [InlineData("/a/**", "a **", "", "")]
    [InlineData("/{a}", "*", "a", "")]
    [InlineData("/{a.b_c}/d", "* d", "a.b_c", "")]
    [InlineData("/{a=b/*/c/**}", "b * c **", "a", "")]
    [InlineData("/{a=**}:verb", "**", "a", "verb")]
    [InlineData("/a:verb", "a", "", "verb")]
    [InlineData("/a/{b}/{c=*}:do", "a * *", "b c", "do")]
    public void Parse_EveryProduction_HasItsParts(string text, string segments, string variables, string verb)
    {
        var template = PathTemplate.Parse(text);
        Assert.Equal(segments, string.Join(' ', template.Segments.Select(segment => segment.Text)));
        Assert.Equal(variables, string.Join(' ', template.Variables.Select(variable => variable.FieldPath)));
        Assert.Equal(verb, template.Verb ?? "");
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("a")]
    [InlineData("//a")]
    [InlineData("/a/")]
    [InlineData("/a//b")]
    [InlineData("/{a")]
    [InlineData("/a}")]
    [InlineData("/{}")]
    [InlineData("/{a=}")]
    [InlineData("/{1a}")]
    [InlineData("/{a..b}")]
    [InlineData("/{a}b")]
    [InlineData("/{a={b}}")]
    [InlineData("/{a}/{a}")]
    [InlineData("/**/a")]
    [InlineData("/{a=**}/b")]
    [InlineData("/a*")]
    [InlineData("/a:")]
    [InlineData("/a:b:c{")]
    [InlineData("/a?b")]
    [InlineData("/a%20b")]
    public void Parse_WhatIsNoTemplate_IsRefused(string text) => Assert.Throws<FormatException>(() => PathTemplate.Parse(text));
}
