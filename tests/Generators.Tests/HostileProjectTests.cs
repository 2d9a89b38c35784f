using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Tests;

/// <summary>Generated code compiles without a warning whatever the user's settings and names are.</summary>
public class HostileProjectTests
{
    // Every word of a type that generated code could mention without saying whose it is.
    private static readonly string[] CommonNames =
    [
        "System", "Vector", "Span", "ReadOnlySpan", "MathF", "Math", "Unsafe", "MemoryMarshal", "GC", "Array", "Stream", "Type", "Object",
        "String", "Int32", "Single", "BitConverter", "Vector128", "Vector256", "Avx2", "Workspace", "PackedWeights", "Interlocked",
        "Volatile", "InvalidOperationException", "ArgumentException", "GeneratedCodeAttribute", "MethodImplAttribute", "MethodImpl",
        "Kernels", "Embedded",
    ];

    public static TheoryData<bool, NullableContextOptions, OptimizationLevel, LanguageVersion, bool> Settings() => new()
    {
        { true, NullableContextOptions.Disable, OptimizationLevel.Debug, LanguageVersion.CSharp12, true },
        { false, NullableContextOptions.Enable, OptimizationLevel.Release, LanguageVersion.CSharp13, true },
        { true, NullableContextOptions.Enable, OptimizationLevel.Release, LanguageVersion.Preview, true },
        { false, NullableContextOptions.Disable, OptimizationLevel.Release, LanguageVersion.CSharp12, false },
    };

    [Theory]
    [MemberData(nameof(Settings))]
    public void EverySettingCompiles(
        bool overflow, NullableContextOptions nullable, OptimizationLevel optimization, LanguageVersion version, bool documentation)
    {
        foreach ((IReadOnlyList<MetadataReference> references, string[] symbols) in Frameworks())
        {
            (HandMadeModels.Project([HandMadeModels.Classifier(), HandMadeModels.Regressor()]) with
            {
                CheckOverflow = overflow,
                Nullable = nullable,
                Optimization = optimization,
                LanguageVersion = version,
                Documentation = documentation,
                References = references,
                Symbols = symbols,
            }).Generate().AssertBuilds();
        }
    }

    [Fact]
    public void NamespacesNamedLikeTypesAndGlobalTypesNamedLikeNamespacesAreNoObstacle()
    {
        // In the model's own namespace, in the root, and as namespaces beside the model's.
        string own = string.Join("\n", CommonNames.Where(n => n is not "System").Select(n => $"internal static class {n} {{ }}"));
        string root = string.Join("\n", CommonNames.Where(n => n is not "System").Select(n => $"internal static class {n} {{ }}"));
        string namespaces = string.Join(
            "\n", CommonNames.Select(n => $"namespace Consumer.Inner.{n} {{ internal static class Marker {{ }} }}"));
        HandMadeModels.Project(
            [HandMadeModels.Classifier(), HandMadeModels.Regressor() with { Namespace = "Consumer.Inner" }],
            "namespace Consumer { " + own + " }",
            root,
            namespaces,
            "namespace Consumer.System { internal static class Marker { } }",
            "namespace System { internal static class Marker { } }",
            "namespace Vector { internal static class Marker2 { } }".Replace("Vector", "Vectors")).Generate().AssertBuilds();
    }

    [Theory]
    [InlineData("System")]
    [InlineData("Vector")]
    [InlineData("System.Numerics")]
    [InlineData("My.System.Vector")]
    [InlineData("class.record")]
    [InlineData("OptimizerBuild")]
    [InlineData("OptimizerBuild.Kernels")]
    [InlineData("")]
    public void TheModelMayLiveInAnyNamespace(string name) =>
        HandMadeModels.Project(
        [
            HandMadeModels.Classifier() with { Namespace = name },
            HandMadeModels.Regressor() with { Namespace = name },
        ]).Generate().AssertBuilds();

    [Theory]
    [InlineData("\"; throw null; //")]
    [InlineData("*/ }</c></summary>]]>&<x")]
    [InlineData("line\nbreak\r\n\u2028\u2029\u0085///")]
    [InlineData("{0}{image}\\")]
    [InlineData("\uD800 \uFFFF \0 🦊")]
    public void TextsFromTheModelStayTexts(string text)
    {
        ModelPlan plan = HandMadeModels.Classifier();
        plan = plan with
        {
            Model = text,
            Facts = plan.Facts with { SourceFile = text, SourceHash = text, Precision = text, Metric = text },
            Inputs = new(
            [
                plan.Inputs[0] with { OnnxName = text, Binding = plan.Inputs[0].Binding! with { Node = text, Description = text } },
            ]),
            Outputs = new([plan.Outputs[0] with { OnnxName = text }]),
            Classifier = plan.Classifier! with
            {
                Labels = new([text, text, text]),
                LabelIdentifiers = PredictorNames.LabelIdentifiers([text, text, text]),
            },
            Steps = new(plan.Calls.Select(s => s with { Node = text, Description = text })),
        };
        const string Source = """
            internal static class Driver
            {
                public static string[] Texts() => new[] { Consumer.TinyClassifier.Info.ModelFile, Consumer.TinyClassifier.Info.Labels[2] };
            }
            """;
        using LoadedProject loaded = HandMadeModels.Project([plan], Source).Generate().AssertBuilds().Load();
        Assert.Equal([text, text], (string[])loaded.Call("Driver", "Texts")!);
    }

    [Fact]
    public void KeywordsAreNamesToo()
    {
        ModelPlan plan = HandMadeModels.Classifier();
        plan = plan with
        {
            ClassName = "record",
            Inputs = new([plan.Inputs[0] with { ParameterName = "in" }]),
            Outputs = new([plan.Outputs[0] with { PropertyName = "event", ParameterName = "out" }]),
            Classifier = plan.Classifier! with { LabelIdentifiers = new(["true", "null", "await"]) },
        };
        const string Source = """
            internal static class Driver
            {
                public static void Run(float[] x) => new Consumer.@record().Predict(@in: x, @out: new float[3]);
            }
            """;
        HandMadeModels.Project([plan], Source).Generate().AssertBuilds();
    }

    [Fact]
    public void NamesInLowerCaseGiveNoWarning() =>
        HandMadeModels.Project([HandMadeModels.Classifier() with { ClassName = "digits" }]).Generate().AssertBuilds();

    [Fact]
    public void ExtremeLiteralsKeepTheirBits()
    {
        float[] values =
        [
            float.NaN, BitConverter.Int32BitsToSingle(-4194303), float.PositiveInfinity, float.NegativeInfinity, -0f, float.Epsilon,
            float.MaxValue, 0.1f, 1f / 3,
        ];
        ModelPlan plan = HandMadeModels.Regressor() with
        {
            Inputs = EquatableList<PlanInput>.Empty,
            Outputs = new([new PlanOutput("y", "Y", "y", BoundaryType.Int32, new([values.Length]), 0)]),
            ArenaBytes = 4 * values.Length,
            Steps = new(values.Select((v, i) => HandMadeModels.Step(
                "Probe", "Set", "n" + i, "", 0, ("offset", 4 * i), ("value", v), ("big", long.MinValue)))),
        };
        // A kernel of the test's own stands in for one of the library; the library's Workspace is there because every model needs it.
        const string Source = """
            namespace OptimizerBuild.Kernels
            {
                internal static class Probe
                {
                    public static void Set(Workspace w, int offset, float value, long big) =>
                        w.ArenaSpan<int>(offset, 1)[0] = big == long.MinValue ? System.BitConverter.SingleToInt32Bits(value) : 0;
                }
            }

            internal static class Driver
            {
                public static int[] Run() => new Consumer.TinyRegressor().Predict().ToArray();
            }
            """;
        GeneratedProject probe = HandMadeModels.Project([plan], Source).Generate();
        Assert.Contains("'Probe'", Assert.Single(probe.GeneratorDiagnostics).GetMessage(null), StringComparison.Ordinal);

        ConsumerProject byHand = HandMadeModels.Project([HandMadeModels.Regressor()], Source,
            Emission.PredictorEmitter.Emit(plan).Replace("TinyRegressor", "Handmade"),
            Emission.LayersEmitter.Emit(plan).Replace("TinyRegressor", "Handmade"));
        byHand = byHand with { Sources = [Source.Replace("TinyRegressor", "Handmade"), .. byHand.Sources.Skip(1)] };
        using LoadedProject loaded = byHand.Generate().AssertBuilds().Load();
        Assert.Equal(values.Select(BitConverter.SingleToInt32Bits), (int[])loaded.Call("Driver", "Run")!);
    }

    [Fact]
    public void TwoModelsShareOneSetOfKernels()
    {
        GeneratedProject both = HandMadeModels.Project([HandMadeModels.Classifier(), HandMadeModels.Regressor()]).Generate().AssertBuilds();
        Assert.Equal(Kernels(HandMadeModels.Project().Generate()), Kernels(both));
        Assert.Contains("TinyClassifier.Layers.g.cs", both.Files.Keys);
        Assert.Contains("TinyRegressor.Layers.g.cs", both.Files.Keys);

        static IEnumerable<string> Kernels(GeneratedProject project) =>
            project.Files.Keys.Where(k => k.StartsWith("OptimizerBuild.Kernels.", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
    }

    [Fact]
    public void AssembliesThatSeeEachOthersInternalsDoNotClash()
    {
        const string Friend = "[assembly: System.Runtime.CompilerServices.InternalsVisibleTo(\"Application\")]";
        byte[] library = (HandMadeModels.Project(Friend) with { AssemblyName = "Library" }).Generate().AssertBuilds().Emit();
        const string Source = """
            internal static class Driver
            {
                public static float[] Run(float[] x) => new Consumer.TinyClassifier().Predict(x).Index == 0
                    ? new Application.TinyRegressor().Predict(x).ToArray()
                    : null;
            }
            """;
        (HandMadeModels.Project([HandMadeModels.Regressor() with { Namespace = "Application" }], Source) with
        {
            AssemblyName = "Application",
            Nullable = NullableContextOptions.Disable,
            References = [.. FrameworkReferences.Running, MetadataReference.CreateFromImage(library)],
        }).Generate().AssertBuilds();
    }

    [Fact]
    public void NoModelNeedsNoKernels()
    {
        GeneratedProject none = (HandMadeModels.Project() with { Plans = [] }).Generate().AssertBuilds();
        Assert.Empty(none.Files);
    }

    /// <summary>AnalysisMode=All turns on every analyser of the SDK.</summary>
    [Fact]
    public async Task TheAnalysersOfTheSdkHaveNothingToSay()
    {
        GeneratedProject project = HandMadeModels.Project([HandMadeModels.Classifier(), HandMadeModels.Regressor()],
            "[assembly: System.Reflection.AssemblyVersion(\"1.0.0.0\")]",
            "[assembly: System.CLSCompliant(false)]",
            "[assembly: System.Runtime.InteropServices.ComVisible(false)]").Generate().AssertBuilds();
        ImmutableArray<DiagnosticAnalyzer> analyzers = SdkAnalyzers();
        Assert.True(analyzers.Length > 100, "the analysers of the SDK were not found");
        ImmutableDictionary<string, ReportDiagnostic> all = analyzers
            .SelectMany(a => a.SupportedDiagnostics)
            .Select(d => d.Id)
            .Distinct()
            .ToImmutableDictionary(id => id, _ => ReportDiagnostic.Error);
        CSharpCompilation compilation = project.Compilation.WithOptions(project.Compilation.Options.WithSpecificDiagnosticOptions(all));
        ImmutableArray<Diagnostic> diagnostics = await compilation.WithAnalyzers(analyzers).GetAnalyzerDiagnosticsAsync();
        string[] complaints = [.. diagnostics.Where(d => d.Id != "AD0001").Select(d => d.ToString())];
        Assert.True(complaints.Length == 0, string.Join("\n", complaints));
    }

    private static IEnumerable<(IReadOnlyList<MetadataReference>, string[])> Frameworks() =>
    [
        (FrameworkReferences.Net8, ["NET", "NET8_0", "NET8_0_OR_GREATER"]),
        (FrameworkReferences.Net10, ["NET", "NET10_0", "NET8_0_OR_GREATER", "NET9_0_OR_GREATER", "NET10_0_OR_GREATER"]),
    ];

    private static ImmutableArray<DiagnosticAnalyzer> SdkAnalyzers()
    {
        string root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
        string sdk = Directory.EnumerateDirectories(Path.Combine(root, "sdk"), "10.*").Order(StringComparer.Ordinal).Last();
        string folder = Path.Combine(sdk, "Sdks", "Microsoft.NET.Sdk", "analyzers");
        return [.. new[] { "Microsoft.CodeAnalysis.NetAnalyzers.dll", "Microsoft.CodeAnalysis.CSharp.NetAnalyzers.dll" }
            .SelectMany(file => new AnalyzerFileReference(Path.Combine(folder, file), new Loader()).GetAnalyzers(LanguageNames.CSharp))];
    }

    private sealed class Loader : IAnalyzerAssemblyLoader
    {
        public void AddDependencyLocation(string fullPath)
        {
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public Assembly LoadFromPath(string fullPath) => Assembly.LoadFrom(fullPath);
    }
}
