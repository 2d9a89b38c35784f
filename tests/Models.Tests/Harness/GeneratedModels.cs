using System.Globalization;
using System.Text;
using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Models.Harness;

/// <summary>A plan with its weights, as the build writes them.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Weights">The packed weights.</param>
internal sealed record PlannedModel(ModelPlan Plan, byte[] Weights)
{
    /// <summary>The plan of a lowered graph under a class name, which must be the one it was lowered with.</summary>
    public static PlannedModel Of(LoweredModel lowered, string className) => new(
        new ModelPlan
        {
            Model = className,
            ClassName = className,
            Namespace = "Generated",
            IsPublic = true,
            Facts = new(className + ".onnx", new string('0', 64), "float32", lowered.Steps.Sum(s => s.Macs), lowered.Weights.Length, "",
                null, null, 0),
            Inputs = lowered.Inputs,
            Outputs = lowered.Outputs,
            States = lowered.States,
            Strings = lowered.Strings,
            KeepsStrings = lowered.KeepsStrings,
            UsesThreads = ExecutionRules.UsesThreads(lowered.Steps.Sum(s => s.Macs)),
            HasStartUp = ExecutionRules.HasStartUp(lowered.Steps.Sum(s => s.Macs)),
            Weights = new("OptimizerBuild." + className + ".weights", lowered.Weights.Length, PackedWeights.Checksum(lowered.Weights)),
            ArenaBytes = lowered.ArenaBytes,
            Buffers = lowered.Buffers,
            Values = lowered.Values,
            Steps = lowered.Steps,
        },
        lowered.Weights);

    /// <summary>What a build made of a model, under another class name.</summary>
    public static PlannedModel Of(CompilationOutcome outcome, string className) => new(
        outcome.Plan with
        {
            ClassName = className,
            Namespace = "Generated",
            IsPublic = true,
            Weights = outcome.Plan.Weights with { ResourceName = "OptimizerBuild." + className + ".weights" },
        },
        outcome.Weights);
}

/// <summary>
/// Predictors generated from plans as text, compiled in memory as a user's project would be, and called through their public
/// members. All models are one compilation.
/// </summary>
internal sealed class GeneratedModels : IDisposable
{
    private readonly LoadedProject _project;
    private readonly IReadOnlyList<PlannedModel> _models;

    private GeneratedModels(LoadedProject project, IReadOnlyList<PlannedModel> models)
    {
        _project = project;
        _models = models;
    }

    /// <summary>Generates and compiles; the class names must differ.</summary>
    public static GeneratedModels Compile(params IReadOnlyList<PlannedModel> models) => Load(Emit(models), models);

    /// <summary>The compiled assembly, for other processes to load.</summary>
    public static byte[] Emit(IReadOnlyList<PlannedModel> models) => Generate(models).Emit();

    /// <summary>The project with the generated sources.</summary>
    public static GeneratedProject Generate(IReadOnlyList<PlannedModel> models)
    {
        var project = new ConsumerProject
        {
            AssemblyName = "GeneratedModels",
            Documentation = false,
            Plans = [.. models.Select(m => PlanWriter.Write(m.Plan))],
            Resources = models.ToDictionary(m => m.Plan.Weights.ResourceName, m => m.Weights),
            Sources = [.. models.Select(m => Driver(m.Plan))],
        };
        return project.Generate();
    }

    /// <summary>Loads what <see cref="Emit"/> made of the same models.</summary>
    public static GeneratedModels Load(byte[] image, IReadOnlyList<PlannedModel> models) => new(new LoadedProject(image), models);

    /// <summary>The instruction-set path that the generated code takes in this process; empty where it has no integer dot
    /// products.</summary>
    public string Path =>
        (string?)_project.Assembly.GetType("OptimizerBuild.Kernels.KernelPath")?.GetProperty("Name")?.GetValue(null) ?? "";

    /// <summary>Runs one model: the inputs in the plan's order and element types; the outputs likewise.</summary>
    /// <param name="model">The model's index.</param>
    /// <param name="inputs">The inputs.</param>
    /// <param name="threads">How many threads the prediction may use.</param>
    public Tensor[] Run(int model, IReadOnlyList<Tensor> inputs, int threads = 1)
    {
        ModelPlan plan = _models[model].Plan;
        object[] arrays = [.. inputs.Select(i => (object)i.Data)];
        var outputs = (object[])_project.Call("Generated.Drivers." + plan.ClassName, "Run", [arrays, threads])!;
        return [.. outputs.Select((o, i) =>
        {
            var data = (Array)o;
            // Element types have the same names at the boundary.
            var element = Enum.Parse<ElementType>(plan.Outputs[i].Type.ToString());
            return new Tensor(TensorType.Of(element, [.. plan.Outputs[i].Dimensions]), data);
        })];
    }

    /// <summary>Compiles everything that predictions of a model need, by its public method.</summary>
    public void WarmUp(int model) => _project.Call("Generated.Drivers." + _models[model].Plan.ClassName, "WarmUp");

    /// <inheritdoc/>
    public void Dispose() => _project.Dispose();

    // Calls of methods with span parameters cannot be made through reflection; so each model gets a method over arrays.
    private static string Driver(ModelPlan plan)
    {
        var code = new StringBuilder();
        string name = "global::Generated." + Identifiers.Escape(plan.ClassName);
        code.Append("namespace Generated.Drivers\n{\n    public static class ").Append(plan.ClassName).Append("\n    {\n");
        code.Append("        private static ").Append(name).Append("? _model;\n\n");
        code.Append("        public static void WarmUp() => (_model ??= new ").Append(name).Append("()).WarmUp();\n\n");
        code.Append("        public static object[] Run(object[] inputs, int threads)\n        {\n");
        code.Append("            _model ??= new ").Append(name).Append("();\n");
        code.Append("            _model.Parallelism = threads;\n");
        for (int i = 0; i < plan.Outputs.Count; i++)
        {
            code.Append(CultureInfo.InvariantCulture,
                $"            var output{i} = new {plan.Outputs[i].Type.Keyword()}[{plan.Outputs[i].Length}];\n");
        }
        code.Append("            _model.Predict(");
        code.AppendJoin(", ",
            plan.Inputs.Select((input, i) => string.Create(CultureInfo.InvariantCulture, $"({input.Type.Keyword()}[])inputs[{i}]"))
            .Concat(plan.Outputs.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"output{i}"))));
        code.Append(");\n            return new object[] { ");
        code.AppendJoin(", ", plan.Outputs.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"output{i}")));
        code.Append(" };\n        }\n    }\n}\n");
        return code.ToString();
    }
}
