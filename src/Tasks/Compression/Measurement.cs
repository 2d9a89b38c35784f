using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression;

/// <summary>What a model on its way costs and how good it is.</summary>
/// <param name="Metric">The metric's name in messages, for example <c>Top-1</c>.</param>
/// <param name="Accuracy">The model's figure.</param>
/// <param name="TeacherAccuracy">The teacher's figure on the same samples.</param>
/// <param name="Drop">By how much the model is worse than the teacher, in the unit of <c>MaxAccuracyDrop</c>; negative where it is
/// better.</param>
/// <param name="Samples">The number of samples.</param>
/// <param name="WeightBytes">The size of the packed weights, as they would ship.</param>
/// <param name="ScratchBytes">The size of an instance's scratch memory.</param>
/// <param name="Macs">The multiply-accumulates of one prediction.</param>
/// <param name="Nanoseconds">The estimated time of one prediction on one thread of the machine that the cost model describes.</param>
internal sealed record Measurement(
    string Metric, double Accuracy, double TeacherAccuracy, double Drop, int Samples, long WeightBytes, long ScratchBytes, long Macs,
    double Nanoseconds);

/// <summary>Turns a model on its way into what would ship, so that it can be measured. The pipeline gives the context one.</summary>
internal interface ITrialLowering
{
    /// <summary>Lowers a model.</summary>
    /// <exception cref="Diagnostics.ModelException">A node has no kernel.</exception>
    TrialModel Lower(CompressedModel model, CancellationToken cancellation);
}

/// <summary>A lowered model that is only measured.</summary>
/// <param name="WeightBytes">The size of the packed weights as they would ship, in their codes; found when it is asked for.</param>
/// <param name="ScratchBytes">The size of an instance's scratch memory.</param>
/// <param name="Nanoseconds">The estimated time of one prediction.</param>
/// <param name="Run">Runs samples, given as the imported model takes them, through the kernels that ship.</param>
internal sealed record TrialModel(Lazy<long> WeightBytes, long ScratchBytes, double Nanoseconds, TrialRun Run);

/// <summary>Runs samples through a model.</summary>
/// <returns>For each sample the model's outputs.</returns>
internal delegate Tensor[][] TrialRun(IReadOnlyList<IReadOnlyList<Tensor>> samples, CancellationToken cancellation);
