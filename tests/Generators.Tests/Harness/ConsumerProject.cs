using System.Collections.Immutable;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.CodeAnalysis.Text;

namespace OptimizerBuild.Generators.Tests.Harness;

/// <summary>
/// A user's project in memory: source files, plans and settings, compiled with the generator as the SDK would do it. Knows plans
/// only as text, so that other test projects may share it.
/// </summary>
public sealed record ConsumerProject
{
    public string AssemblyName { get; init; } = "Consumer";

    public IReadOnlyList<string> Sources { get; init; } = [];

    /// <summary>The plans' texts.</summary>
    public IReadOnlyList<string> Plans { get; init; } = [];

    /// <summary>Embedded resources by logical name.</summary>
    public IReadOnlyDictionary<string, byte[]> Resources { get; init; } = ImmutableDictionary<string, byte[]>.Empty;

    public IReadOnlyList<MetadataReference> References { get; init; } = FrameworkReferences.Running;

    public LanguageVersion LanguageVersion { get; init; } = LanguageVersion.CSharp12;

    /// <summary>Symbols for conditional compilation; by default those of net10.0.</summary>
    public IReadOnlyList<string> Symbols { get; init; } =
        ["NET", "NET8_0_OR_GREATER", "NET9_0_OR_GREATER", "NET10_0_OR_GREATER", "NET10_0"];

    public bool CheckOverflow { get; init; }

    public NullableContextOptions Nullable { get; init; } = NullableContextOptions.Enable;

    /// <summary>Whether documentation is built and therefore checked.</summary>
    public bool Documentation { get; init; } = true;

    public OptimizationLevel Optimization { get; init; } = OptimizationLevel.Release;

    /// <summary>What the build says of the place of the kernels; empty: nothing.</summary>
    public string Kernels { get; init; } = "";

    private CSharpParseOptions ParseOptions => new(
        LanguageVersion, Documentation ? DocumentationMode.Diagnose : DocumentationMode.Parse, preprocessorSymbols: Symbols);

    /// <summary>The compilation without generated code.</summary>
    public CSharpCompilation Bare() => CSharpCompilation.Create(
        AssemblyName,
        Sources.Select((source, i) => CSharpSyntaxTree.ParseText(source, ParseOptions, "Source" + i + ".cs", Encoding.UTF8)),
        References,
        new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary,
            optimizationLevel: Optimization,
            checkOverflow: CheckOverflow,
            nullableContextOptions: Nullable,
            generalDiagnosticOption: ReportDiagnostic.Error,
            warningLevel: 9999,
            deterministic: true));

    /// <summary>A driver with the generator and the plans, which records its steps.</summary>
    public GeneratorDriver Driver() => CSharpGeneratorDriver.Create(
        [new PredictorGenerator().AsSourceGenerator()],
        [.. Plans.Select((text, i) => new PlanText(Path.Combine("obj", "Plan" + i + ".plan"), text))],
        ParseOptions,
        new PlanOptions(Kernels),
        new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));

    /// <summary>Runs the generator.</summary>
    public GeneratedProject Generate()
    {
        GeneratorDriver driver = Driver().RunGeneratorsAndUpdateCompilation(
            Bare(), out Compilation compilation, out ImmutableArray<Diagnostic> diagnostics);
        return new GeneratedProject(this, driver.GetRunResult(), (CSharpCompilation)compilation, diagnostics);
    }

    /// <summary>A plan as an additional file.</summary>
    public sealed class PlanText(string path, string text) : AdditionalText
    {
        public override string Path { get; } = path;

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text, Encoding.UTF8);
    }

    /// <summary>The metadata that the package's targets give to plans, and the property that tells where kernels are.</summary>
    public sealed class PlanOptions(string kernels = "") : AnalyzerConfigOptionsProvider
    {
        public override AnalyzerConfigOptions GlobalOptions { get; } = new Options("build_property.OptimizerBuildKernels", kernels);

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => GlobalOptions;

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) =>
            new Options(
                "build_metadata.AdditionalFiles.OptimizerBuildModel",
                textFile.Path.EndsWith(".plan", StringComparison.Ordinal) ? "m0" : "");

        private sealed class Options(string known, string text) : AnalyzerConfigOptions
        {
            public override bool TryGetValue(string key, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? value)
            {
                value = key == known && text.Length > 0 ? text : null;
                return value is not null;
            }
        }
    }
}

/// <summary>A user's project after the generator ran.</summary>
/// <param name="Project">The project.</param>
/// <param name="Run">What the generator did.</param>
/// <param name="Compilation">The compilation with generated code.</param>
/// <param name="GeneratorDiagnostics">What the generator reported.</param>
public sealed record GeneratedProject(
    ConsumerProject Project, GeneratorDriverRunResult Run, CSharpCompilation Compilation, ImmutableArray<Diagnostic> GeneratorDiagnostics)
{
    /// <summary>The generated files by name, without those that every compilation gets.</summary>
    public IReadOnlyDictionary<string, string> Files { get; } = Run.Results
        .SelectMany(r => r.Exception is { } e ? throw new InvalidOperationException("the generator failed", e) : r.GeneratedSources)
        .Where(s => !s.HintName.StartsWith("Microsoft.CodeAnalysis.", StringComparison.Ordinal))
        .ToDictionary(s => s.HintName, s => s.SourceText.ToString());

    /// <summary>What the compiler complains about, warnings included: they are errors here.</summary>
    public string Complaints() => string.Join("\n", GeneratorDiagnostics.Concat(Compilation.GetDiagnostics())
        .Where(d => d.Severity >= DiagnosticSeverity.Warning));

    /// <summary>Demands that the project compiles without any warning.</summary>
    public GeneratedProject AssertBuilds()
    {
        string complaints = Complaints();
        Assert.True(complaints.Length == 0, complaints);
        return this;
    }

    /// <summary>The compiled assembly.</summary>
    public byte[] Emit()
    {
        using var image = new MemoryStream();
        EmitResult result = Compilation.Emit(
            image,
            xmlDocumentationStream: Project.Documentation ? new MemoryStream() : null,
            manifestResources: Project.Resources.Select(
                r => new ResourceDescription(r.Key, () => new MemoryStream(r.Value), isPublic: false)));
        if (!result.Success)
            throw new InvalidOperationException(string.Join("\n", result.Diagnostics.Where(d => d.Severity >= DiagnosticSeverity.Warning)));
        return image.ToArray();
    }

    /// <summary>The compiled assembly, loaded so that it can be run.</summary>
    public LoadedProject Load() => new(Emit());
}
