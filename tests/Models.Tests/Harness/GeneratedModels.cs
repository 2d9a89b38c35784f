using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering;
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
            Facts = new(className + ".onnx", new string('0', 64), "float32", lowered.Steps.Sum(s => s.Macs), lowered.Weights.Length, "", null, null, 0),
            Inputs = lowered.Inputs,
            Outputs = lowered.Outputs,
            Weights = new("OptimizerBuild." + className + ".weights", lowered.Weights.Length, PackedWeights.Checksum(lowered.Weights)),
            ArenaBytes = lowered.ArenaBytes,
            Buffers = lowered.Buffers,
            Steps = lowered.Steps,
        },
        lowered.Weights);
}

/// <summary>Predictors generated from plans, compiled in memory in one compilation and called with tensors.</summary>
internal sealed class GeneratedModels : IDisposable
{
    private readonly GeneratedPredictors _predictors;
    private readonly IReadOnlyList<PlannedModel> _models;

    private GeneratedModels(IReadOnlyList<PlannedModel> models)
    {
        _models = models;
        _predictors = new([.. models.Select(m => (m.Plan, m.Weights))]);
    }

    /// <summary>Generates and compiles; the class names must differ.</summary>
    public static GeneratedModels Compile(params IReadOnlyList<PlannedModel> models) => new(models);

    /// <summary>Runs one model: the inputs in the plan's order and element types; the outputs likewise.</summary>
    public Tensor[] Run(int model, IReadOnlyList<Tensor> inputs)
    {
        ModelPlan plan = _models[model].Plan;
        return [.. _predictors.Run(model, [.. inputs.Select(i => i.Data)]).Select((data, i) =>
            new Tensor(TensorType.Of(ElementTypes.Of(data.GetType().GetElementType()!), [.. plan.Outputs[i].Dimensions]), data))];
    }

    /// <inheritdoc/>
    public void Dispose() => _predictors.Dispose();
}
