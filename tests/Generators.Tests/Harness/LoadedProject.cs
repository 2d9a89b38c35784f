using System.Reflection;
using System.Runtime.ExceptionServices;
using System.Runtime.Loader;

namespace OptimizerBuild.Generators.Tests.Harness;

/// <summary>A compiled project in a load context of its own, which goes when this is disposed of.</summary>
public sealed class LoadedProject : IDisposable
{
    private readonly AssemblyLoadContext _context = new("consumer", isCollectible: true);

    public LoadedProject(byte[] image)
    {
        using var stream = new MemoryStream(image);
        Assembly = _context.LoadFromStream(stream);
    }

    public Assembly Assembly { get; }

    /// <summary>Calls a public static method; its exceptions arrive as they were thrown.</summary>
    public object? Call(string type, string method, params object?[] arguments)
    {
        MethodInfo target = Assembly.GetType(type, throwOnError: true)!.GetMethod(method)
            ?? throw new InvalidOperationException($"there is no {type}.{method}");
        try
        {
            return target.Invoke(null, arguments);
        }
        catch (TargetInvocationException e) when (e.InnerException is { } inner)
        {
            ExceptionDispatchInfo.Throw(inner);
            throw;
        }
    }

    public void Dispose() => _context.Unload();
}
