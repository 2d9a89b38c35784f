using System.Text;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Tests.Harness;

/// <summary>
/// Predictors compiled from plans through the generator and the compiler, with arrays at their boundary, so that tests can compare
/// generated code with anything else. Many models share one compilation and its kernels. Other test projects link this file.
/// </summary>
internal sealed class GeneratedPredictors : IDisposable
{
    private readonly LoadedProject _project;
    private readonly object[] _models;
    private readonly Func<object, Array[], Array[]>[] _runs;

    /// <summary>Compiles and loads predictors; the constructor of each reads its weights.</summary>
    /// <param name="models">Plans and packed weights; classes and resources must have names that differ.</param>
    public GeneratedPredictors(IReadOnlyList<(ModelPlan Plan, byte[] Weights)> models)
    {
        var project = new ConsumerProject
        {
            Plans = [.. models.Select(m => PlanWriter.Write(m.Plan))],
            Resources = models.ToDictionary(m => m.Plan.Weights.ResourceName, m => m.Weights),
            Sources = [.. models.Select((m, i) => Driver(m.Plan, i))],
            Documentation = false,
        };
        _project = project.Generate().AssertBuilds().Load();
        _models = [.. models.Select((_, i) => _project.Call("Driver" + i, "Create")!)];
        _runs = [.. models.Select((_, i) => _project.Assembly.GetType("Driver" + i)!.GetMethod("Run")!.CreateDelegate<Func<object, Array[], Array[]>>())];
    }

    /// <summary>Runs a model.</summary>
    /// <param name="model">Its index.</param>
    /// <param name="inputs">One array for each input, of the boundary's element type.</param>
    /// <returns>One array for each output.</returns>
    public Array[] Run(int model, params Array[] inputs) => _runs[model](_models[model], inputs);

    public void Dispose() => _project.Dispose();

    private static string Driver(ModelPlan plan, int index)
    {
        string name = "global::" + string.Join(".", plan.Namespace.Split('.').Where(p => p.Length > 0).Append(plan.ClassName).Select(Identifiers.Escape));
        var code = new StringBuilder();
        code.Append($"internal static class Driver{index}\n{{\n    public static object Create() => new {name}();\n\n");
        code.Append("    public static global::System.Array[] Run(object model, global::System.Array[] inputs)\n    {\n");
        for (int i = 0; i < plan.Outputs.Count; i++)
            code.Append($"        var output{i} = new {plan.Outputs[i].Type.Keyword()}[{plan.Outputs[i].Length}];\n");
        IEnumerable<string> arguments = plan.Inputs.Select((input, i) => $"({input.Type.Keyword()}[])inputs[{i}]")
            .Concat(plan.Outputs.Select((_, i) => "output" + i));
        code.Append($"        (({name})model).Predict({string.Join(", ", arguments)});\n");
        code.Append($"        return new global::System.Array[] {{ {string.Join(", ", plan.Outputs.Select((_, i) => "output" + i))} }};\n    }}\n}}\n");
        return code.ToString();
    }
}
