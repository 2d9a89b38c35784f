using System.Globalization;
using System.Runtime.InteropServices;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Models.Predictors;

/// <summary>
/// Plans, weights, inputs and the assembly generated from the plans, in a folder that a child process reads: what it computes must be
/// what this process computes.
/// </summary>
internal sealed class PredictorFolder
{
    private readonly IReadOnlyList<PlannedModel> _models;
    private readonly IReadOnlyList<IReadOnlyList<Tensor[]>> _inputs;
    private readonly byte[] _assembly;

    /// <param name="models">The models.</param>
    /// <param name="inputs">For each model its samples.</param>
    /// <param name="assembly">The assembly generated from the models' plans.</param>
    public PredictorFolder(IReadOnlyList<PlannedModel> models, IReadOnlyList<IReadOnlyList<Tensor[]>> inputs, byte[] assembly)
    {
        _models = models;
        _inputs = inputs;
        _assembly = assembly;
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static PredictorFolder Read(string folder)
    {
        var models = new List<PlannedModel>();
        var inputs = new List<IReadOnlyList<Tensor[]>>();
        foreach (string path in Directory.GetFiles(folder, "*.plan").Order(StringComparer.Ordinal))
        {
            ModelPlan plan = PlanReader.Read(File.ReadAllText(path)).Plan ?? throw new InvalidDataException(path);
            models.Add(new(plan, File.ReadAllBytes(Path.ChangeExtension(path, ".weights"))));
            inputs.Add(Samples(plan, File.ReadAllBytes(Path.ChangeExtension(path, ".inputs"))));
        }
        return new(models, inputs, File.ReadAllBytes(Path.Combine(folder, "GeneratedModels.dll")));
    }

    /// <summary>Writes everything into an empty folder.</summary>
    public void Write(string folder)
    {
        for (int i = 0; i < _models.Count; i++)
        {
            string stem = Path.Combine(folder, i.ToString("D2", CultureInfo.InvariantCulture));
            File.WriteAllText(stem + ".plan", PlanWriter.Write(_models[i].Plan));
            File.WriteAllBytes(stem + ".weights", _models[i].Weights);
            File.WriteAllBytes(stem + ".inputs", [.. _inputs[i].SelectMany(s => s).SelectMany(Bytes)]);
        }
        File.WriteAllBytes(Path.Combine(folder, "GeneratedModels.dll"), _assembly);
    }

    /// <summary>The path of the generated code and a checksum of all outputs of each model: as generated code, from its first
    /// prediction on and in the steady state, and as executed plan.</summary>
    public IEnumerable<(string Name, string Value)> Digests()
    {
        using GeneratedModels generated = GeneratedModels.Load(_assembly, _models);
        for (int i = 0; i < _models.Count; i++)
        {
            int model = i;
            ModelPlan plan = _models[i].Plan;
            var executor = new PlanExecutor(plan, _models[i].Weights);
            yield return ("starting:" + plan.Model, Digest(_inputs[i].Select(s => generated.Run(model, s))));
            generated.WarmUp(model);
            yield return ("generated:" + plan.Model, Digest(_inputs[i].Select(s => generated.Run(model, s))));
            yield return ("threads:" + plan.Model, Digest(_inputs[i].Select(s => generated.Run(model, s, threads: 2))));
            yield return ("executed:" + plan.Model, Digest(_inputs[i].Select(s => executor.Run(s))));
        }
        yield return ("path", generated.Path);
    }

    /// <summary>One prediction of the first model's generated code.</summary>
    public void PredictOnce()
    {
        using GeneratedModels generated = GeneratedModels.Load(_assembly, _models);
        generated.Run(0, _inputs[0][0]);
    }

    /// <summary>Everything that the first model's generated code may run is compiled.</summary>
    public void WarmUp()
    {
        using GeneratedModels generated = GeneratedModels.Load(_assembly, _models);
        generated.WarmUp(0);
    }

    private static string Digest(IEnumerable<Tensor[]> outputs) =>
        PackedWeights.Checksum([.. outputs.SelectMany(o => o).SelectMany(Bytes)]).ToString("x16", CultureInfo.InvariantCulture);

    private static byte[] Bytes(Tensor tensor) =>
        MemoryMarshal.CreateReadOnlySpan(ref MemoryMarshal.GetArrayDataReference(tensor.Data),
            tensor.Count * tensor.Element.Size()).ToArray();

    private static List<Tensor[]> Samples(ModelPlan plan, byte[] bytes)
    {
        var samples = new List<Tensor[]>();
        int position = 0;
        while (position < bytes.Length)
        {
            samples.Add([.. plan.Inputs.Select(input =>
            {
                Tensor tensor = Tensor.Zeros(TensorType.Of(Element(input.Type), [.. input.Dimensions]));
                int size = tensor.Count * tensor.Element.Size();
                bytes.AsSpan(position, size).CopyTo(MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(tensor.Data), size));
                position += size;
                return tensor;
            })]);
        }
        return samples;
    }

    /// <summary>The element type of tensors that are passed to an input.</summary>
    public static ElementType Element(BoundaryType type) => Enum.Parse<ElementType>(type.ToString());
}
