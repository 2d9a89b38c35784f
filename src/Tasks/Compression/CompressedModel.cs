using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression;

/// <summary>
/// A model on its way through the compression techniques: the float graph (channels-last, with batch norms and activations fused) and
/// what the techniques have attached to it, one annotation for each kind.
/// </summary>
internal sealed record CompressedModel
{
    /// <summary>A model without annotations.</summary>
    public CompressedModel(Graph graph, params ImmutableArray<IModelAnnotation> annotations)
    {
        Graph = graph;
        Annotations = annotations;
    }

    /// <summary>The graph.</summary>
    public Graph Graph { get; }

    /// <summary>The annotations, in the order in which they were attached.</summary>
    public ImmutableArray<IModelAnnotation> Annotations { get; }

    /// <summary>The annotation of a kind; null where there is none.</summary>
    public T? Annotation<T>()
        where T : class, IModelAnnotation => Annotations.OfType<T>().FirstOrDefault();

    /// <summary>The model with an annotation, which takes the place of an earlier one of its kind.</summary>
    public CompressedModel With<T>(T annotation)
        where T : class, IModelAnnotation => new(Graph, [.. Annotations.Where(a => a is not T), annotation]);

    /// <summary>
    /// The model with another graph. Each annotation says what becomes of it: it stays, changes with the graph, or goes, which the
    /// technique's account then mentions.
    /// </summary>
    public CompressedModel WithGraph(Graph graph) => ReferenceEquals(graph, Graph)
        ? this
        : new(graph, [.. Annotations.Select(a => a.For(Graph, graph)).OfType<IModelAnnotation>()]);

    /// <summary>The bytes that a constant takes in the shipped weights, without padding.</summary>
    public long StoredBytes(string constant)
    {
        foreach (IModelAnnotation annotation in Annotations)
            if (annotation.StoredBytes(Graph, constant) is { } bytes)
                return bytes;
        Tensor value = Graph.Constants[constant];
        return (long)value.Count * value.Element.Size();
    }
}

/// <summary>
/// What a technique attaches to a graph without changing it, for example scales, or the form in which weights are stored.
/// </summary>
internal interface IModelAnnotation
{
    /// <summary>The name of the technique that attaches it.</summary>
    string Technique { get; }

    /// <summary>The annotation for a changed graph; null where it fits no longer.</summary>
    /// <param name="before">The graph it was made for.</param>
    /// <param name="after">The graph that takes its place.</param>
    IModelAnnotation? For(Graph before, Graph after);

    /// <summary>The annotation for the same graph under other shapes of its inputs; null where it does not fit them.</summary>
    /// <param name="before">The graph it was made for.</param>
    /// <param name="after">The graph with other types, and with the constants and attributes that follow from them.</param>
    /// <param name="obstacle">Why it does not fit, in words; else empty.</param>
    IModelAnnotation? Reshaped(Graph before, Graph after, out string obstacle)
    {
        IModelAnnotation? fitting = For(before, after);
        obstacle = fitting is null ? $"what {Technique} decided does not fit them" : "";
        return fitting;
    }

    /// <summary>The bytes that a constant takes in the shipped weights, without padding; null where the annotation does not decide
    /// that.</summary>
    long? StoredBytes(Graph graph, string constant);
}
