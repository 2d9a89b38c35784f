using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.CodeAnalysis.Text;
using OptimizerBuild.Generators;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Predictors;

/// <summary>
/// Builds a predictor for a model file on the fly, as a project's build would: the same task code, generator and compiler.
/// </summary>
internal static class PredictorBuild
{
    /// <summary>Compiles, loads and instantiates the predictor of a compressed model.</summary>
    public static Predictor Load(CompilationOutcome outcome) => Create(Assembly.Load(Compile(outcome)));

    /// <summary>The predictor of an assembly that <see cref="Compile"/> made, in its steady state.</summary>
    public static Predictor Create(Assembly assembly)
    {
        Predictor predictor = CreateCold(assembly);
        predictor.WarmUp();
        return predictor;
    }

    /// <summary>The same, of which the runtime has compiled nothing yet.</summary>
    public static Predictor CreateCold(Assembly assembly) =>
        (Predictor)Activator.CreateInstance(assembly.GetType("Adapter", throwOnError: true)!)!;

    /// <summary>Compiles the predictor of a compressed model.</summary>
    /// <returns>The assembly.</returns>
    public static byte[] Compile(CompilationOutcome outcome) => Emit(Generate(outcome, AdapterSource(outcome.Plan)), outcome);

    /// <summary>What the generated code of a model adds to a project's build: the generator's run and its compilation.</summary>
    /// <returns>The shortest of some runs in milliseconds, and the characters of the generated sources.</returns>
    public static (double Milliseconds, int Characters) CompileCost(CompilationOutcome outcome)
    {
        const string Empty = "internal static class Nothing { }";
        int characters = Generate(outcome, Empty).SyntaxTrees.Skip(1).Sum(t => t.Length);
        double with = Enumerable.Range(0, 4).Min(_ => Stopwatches.Milliseconds(() => Emit(Generate(outcome, Empty), outcome)));
        double without = Enumerable.Range(0, 4).Min(_ => Stopwatches.Milliseconds(() => Emit(Project(outcome, Empty), outcome)));
        return (with - without, characters);
    }

    // The symbols of an app whose target is the runtime that this process has, by whose assemblies it is compiled.
    private static CSharpParseOptions Parsing { get; } = new(
        LanguageVersion.CSharp12,
        preprocessorSymbols: ["NET", .. Enumerable.Range(8, Environment.Version.Major - 7).Select(v => $"NET{v}_0_OR_GREATER")]);

    private static CSharpCompilation Project(CompilationOutcome outcome, string source) => CSharpCompilation.Create(
        "Loaded." + outcome.Plan.ClassName,
        [CSharpSyntaxTree.ParseText(source, Parsing, encoding: Encoding.UTF8)],
        References(),
        new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release,
            nullableContextOptions: NullableContextOptions.Enable));

    private static Compilation Generate(CompilationOutcome outcome, string source)
    {
        CSharpGeneratorDriver
            .Create(
                [new PredictorGenerator().AsSourceGenerator()], [new PlanText(PlanWriter.Write(outcome.Plan))], Parsing, new PlanOptions())
            .RunGeneratorsAndUpdateCompilation(Project(outcome, source), out Compilation complete, out _);
        return complete;
    }

    private static byte[] Emit(Compilation complete, CompilationOutcome outcome)
    {
        using var image = new MemoryStream();
        var weights = new ResourceDescription(
            outcome.Plan.Weights.ResourceName, () => new MemoryStream(outcome.Weights), isPublic: false);
        EmitResult result = complete.Emit(image, manifestResources: [weights]);
        if (!result.Success)
            throw new InvalidOperationException(string.Join('\n', result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)));
        return image.ToArray();
    }

    private static string AdapterSource(ModelPlan plan)
    {
        if (plan.Inputs.Select(i => i.Type).Concat(plan.Outputs.Select(o => o.Type)).Contains(BoundaryType.String))
            throw new InvalidOperationException($"the model '{plan.Model}' takes or gives strings, which cannot be passed here");
        string type = "global::" + (plan.Namespace.Length > 0 ? plan.Namespace + "." : "") + plan.ClassName;
        var source = new StringBuilder();
        source.Append($"public sealed class Adapter : global::{typeof(Predictor).FullName}\n{{\n");
        source.Append($"    private readonly {type} _model = new();\n");
        for (int i = 0; i < plan.Inputs.Count; i++)
            Buffer("_in", i, plan.Inputs[i].Type, plan.Inputs[i].Length);
        for (int i = 0; i < plan.Outputs.Count; i++)
            Buffer("_out", i, plan.Outputs[i].Type, plan.Outputs[i].Length);
        AppendBatch(source, plan);
        source.Append("    public override void WarmUp() => _model.WarmUp();\n");
        source.Append("    public override int Parallelism { set => _model.Parallelism = value; }\n");
        source.Append("    public override void Set(int input, byte[] bytes) => global::System.Buffer.BlockCopy(bytes, 0, input switch { ");
        for (int i = 0; i < plan.Inputs.Count; i++)
            source.Append($"{i} => (global::System.Array)_in{i}, ");
        source.Append("_ => throw new global::System.ArgumentOutOfRangeException(nameof(input)) }, 0, bytes.Length);\n");
        source.Append("    public override void Run() => _model.Predict(");
        IEnumerable<string> arguments = plan.Inputs.Select((input, i) => $"{input.ParameterName}: _in{i}")
            .Concat(plan.Outputs.Select((output, i) => $"{output.ParameterName}: _out{i}"));
        source.AppendJoin(", ", arguments).Append(");\n    public override global::System.Array Output(int output) => output switch { ");
        for (int i = 0; i < plan.Outputs.Count; i++)
            source.Append($"{i} => _out{i}, ");
        return source.Append("_ => throw new global::System.ArgumentOutOfRangeException(nameof(output)) };\n}\n").ToString();

        void Buffer(string name, int index, BoundaryType element, int length) =>
            source.Append($"    private readonly {element.Keyword()}[] {name}{index} = new {element.Keyword()}[{length}];\n");
    }

    private static void AppendBatch(StringBuilder source, ModelPlan plan)
    {
        if (!plan.TakesBatches)
        {
            const string Refused = " => throw new global::System.NotSupportedException(\"the model takes no batches\");\n";
            source.Append("    public override void SetBatch(int samples)" + Refused + "    public override void RunBatch()" + Refused);
            return;
        }
        for (int i = 0; i < plan.Inputs.Count; i++)
            source.Append($"    private {plan.Inputs[i].Type.Keyword()}[] _batchIn{i} = [];\n");
        for (int i = 0; i < plan.Outputs.Count; i++)
            source.Append($"    private {plan.Outputs[i].Type.Keyword()}[] _batchOut{i} = [];\n");
        source.Append("    public override void SetBatch(int samples)\n    {\n");
        for (int i = 0; i < plan.Inputs.Count; i++)
        {
            source.Append($"        _batchIn{i} = new {plan.Inputs[i].Type.Keyword()}[samples * _in{i}.Length];\n");
            source.Append($"        for (int s = 0; s < samples; s++) _in{i}.CopyTo(_batchIn{i}, s * _in{i}.Length);\n");
        }
        for (int i = 0; i < plan.Outputs.Count; i++)
            source.Append($"        _batchOut{i} = new {plan.Outputs[i].Type.Keyword()}[samples * _out{i}.Length];\n");
        IEnumerable<string> arguments = plan.Inputs.Select((input, i) => $"{input.ParameterName}: _batchIn{i}")
            .Concat(plan.Outputs.Select((output, i) => $"{output.ParameterName}: _batchOut{i}"));
        source.Append("    }\n    public override void RunBatch() => _model.PredictBatch(").AppendJoin(", ", arguments).Append(");\n");
    }

    private static IEnumerable<MetadataReference> References()
    {
        string framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        return ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(f => Path.GetDirectoryName(f) == framework)
            .Append(typeof(Predictor).Assembly.Location)
            .Select(f => MetadataReference.CreateFromFile(f));
    }

    private sealed class PlanText(string text) : AdditionalText
    {
        public override string Path => "model.plan";

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text, Encoding.UTF8);
    }

    private sealed class PlanOptions : AnalyzerConfigOptionsProvider
    {
        public override AnalyzerConfigOptions GlobalOptions { get; } = new Options();

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => GlobalOptions;

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => GlobalOptions;

        private sealed class Options : AnalyzerConfigOptions
        {
            public override bool TryGetValue(string key, [NotNullWhen(true)] out string? value)
            {
                value = key == "build_metadata.AdditionalFiles.OptimizerBuildModel" ? "model" : null;
                return value is not null;
            }
        }
    }
}
