namespace OptimizerBuild.Kernels;

using global::System;

/// <summary>A <see cref="Float32Convolution"/> on several threads, by positions.</summary>
internal sealed class Float32ConvolutionJob : Float32MapJob
{
    private int _weights;
    private int _bias;
    private int _groups;
    private int _groupOutputs;
    private int _groupInputs;
    private int _run;
    private float _minimum;
    private float _maximum;

    /// <summary>Carries out a convolution on the prediction's threads, if it is large enough.</summary>
    /// <returns>Whether it has been carried out.</returns>
    public static bool TryRun(
        Workspace w, int input, int weights, int bias, int output, int groups, int groupOutputs, int groupInputs, int run, float minimum,
        float maximum, ReadOnlySpan<int> positions, ReadOnlySpan<int> inputSteps, ReadOnlySpan<int> outputSteps, ReadOnlySpan<int> taps)
    {
        if (!IsWorthwhile(w, positions, (long)groups * groupOutputs * run * taps.Length))
            return false;
        Float32ConvolutionJob job = w.Job<Float32ConvolutionJob>();
        job.Input = input;
        job.Output = output;
        job._weights = weights;
        job._bias = bias;
        job._groups = groups;
        job._groupOutputs = groupOutputs;
        job._groupInputs = groupInputs;
        job._run = run;
        job._minimum = minimum;
        job._maximum = maximum;
        job.Share(w, positions, inputSteps, outputSteps, taps);
        return true;
    }

    /// <inheritdoc/>
    protected override void Run(
        Workspace w, int input, int output, ReadOnlySpan<int> positions, ReadOnlySpan<int> inputSteps, ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps) =>
        Float32Convolution.RunPart(
            w, input, _weights, _bias, output, _groups, _groupOutputs, _groupInputs, _run, _minimum, _maximum, positions, inputSteps,
            outputSteps, taps);
}
