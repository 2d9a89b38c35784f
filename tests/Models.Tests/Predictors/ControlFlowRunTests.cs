using System.Globalization;
using OptimizerBuild.Compression;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Models.Predictors;

/// <summary>Conditions, loops and scans with what they read from around them, from the model file to generated code.</summary>
public sealed class ControlFlowRunTests
{
    [Fact]
    public void GeneratedCodeRunsImportedControlFlow()
    {
        ControlFlowModel[] models = [.. ControlFlowModels.All()];
        PlannedModel[] planned = [.. models.Select((model, i) =>
        {
            string name = "Model" + i.ToString(CultureInfo.InvariantCulture);
            Graph graph = PassPipeline.Run(model.Model.Import());
            return PlannedModel.Of(GraphLowerer.Lower(new CompressedModel(graph), new() { ClassName = name }), name);
        })];
        using GeneratedModels generated = GeneratedModels.Compile(planned);
        for (int i = 0; i < models.Length; i++)
        {
            Tensor[] outputs = generated.Run(i, models[i].Inputs);
            for (int o = 0; o < models[i].Expected.Length; o++)
                Assert.True(models[i].Expected[o].Cast<object>().SequenceEqual(outputs[o].Data.Cast<object>()), models[i].Name);
        }
    }
}
