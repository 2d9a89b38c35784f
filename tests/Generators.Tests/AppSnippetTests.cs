using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Generators.Tests;

/// <summary>The code in docs/apps.md and docs/data.md, compiled against generated classes and the packages that it names.</summary>
public sealed partial class AppSnippetTests
{
    // What a new project has.
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private static readonly string[] Packages =
    [
        "System.Numerics.Tensors", "Microsoft.Extensions.AI.Abstractions", "Microsoft.ML.Core", "Microsoft.ML.Data",
        "Microsoft.ML.DataView", "Microsoft.ML.Tokenizers", "Microsoft.ML.Transforms",
    ];

    [Fact]
    public void EveryBlockCompiles()
    {
        string[] blocks = [.. ((string[])["apps.md", "data.md"])
            .Select(page => File.ReadAllText(Path.Combine(SharedAssets.RepositoryRoot, "docs", page)).ReplaceLineEndings("\n"))
            .SelectMany(page => Block().Matches(page).Select(m => m.Groups[1].Value))];
        Assert.Equal(10, blocks.Length);
        ConsumerProject project = HandMadeModels.Project(
            [HandMadeModels.Classifier() with { Model = "digits", ClassName = "Digits", Namespace = "" }, Sentences()],
            [ImplicitUsings, .. blocks.Select(Compilable)]);
        (project with
        {
            Documentation = false,
            LanguageVersion = LanguageVersion.Preview,
            References = [.. FrameworkReferences.Running, .. FrameworkReferences.AspNetCore, .. Packages.Select(Package)],
        }).Generate().AssertBuilds();
    }

    // A model of four tokens and an embedding of three numbers.
    private static ModelPlan Sentences() => HandMadeModels.Regressor() with
    {
        Model = "sentences",
        ClassName = "Sentences",
        Namespace = "",
        Inputs = new([new PlanInput("tokens", "tokens", BoundaryType.Int64, new([1, 4]),
            HandMadeModels.Step("InputCopy", "Run", "tokens", "input int64[1,4]", 0, ("destination", 0), ("count", 4)))]),
        Outputs = new([new PlanOutput("embedding", "Embedding", "embedding", BoundaryType.Float32, new([1, 3]), 128)]),
    };

    // Types stand in a file as they are; local functions and statements in a method, their usings before it.
    private static string Compilable(string block, int number)
    {
        if (block.Contains("public sealed class", StringComparison.Ordinal) || block.Contains("partial class", StringComparison.Ordinal))
            return block;
        string[] lines = block.Split('\n');
        string[] usings = [.. lines.Where(l => l.StartsWith("using ", StringComparison.Ordinal))];
        string body = string.Join('\n', lines.Except(usings)).Trim();
        return body.Contains("args", StringComparison.Ordinal) || !body.StartsWith("static", StringComparison.Ordinal)
            ? $"{string.Join('\n', usings)}\npublic static class Block{number} {{ public static void Main(string[] args) {{\n{body}\n}} }}"
            : $"{string.Join('\n', usings)}\npublic static class Block{number} {{\npublic {body}\n}}";
    }

    private static MetadataReference Package(string name) =>
        MetadataReference.CreateFromFile(Path.Combine(AppContext.BaseDirectory, name + ".dll"));

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
